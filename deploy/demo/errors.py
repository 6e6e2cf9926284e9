"""What can go wrong in a demo, said so that its reader knows where to look."""


class DemoFailed(Exception):
    """The demo cannot go on, or something did not hold; the message is meant for a person."""


class Refusal(DemoFailed):
    """A service answered 4xx or 5xx and meant it. `code` is the problem document's."""

    def __init__(self, call: str, status: int, code: str) -> None:
        super().__init__(f"{call} answered {status} {code}")
        self.status = status
        self.code = code
