"""What can go wrong with a stack, said so that its reader knows what to do."""


class StackError(Exception):
    """The stack cannot do what was asked; the message is meant for a person."""


class PortTaken(StackError):
    """Somebody else listens where a part should."""

    def __init__(self, part: str, port: int, base: int) -> None:
        super().__init__(
            f"port {port}, meant for {part}, is taken by another program. "
            f"End that one, or choose other ports: LINLI_PORT_BASE={base + 100} make up"
        )
        self.part = part
        self.port = port


class NotReady(StackError):
    """A part ended, or did not get ready in time; the message ends with the last lines of its log."""

    def __init__(self, part: str, why: str, log: str, lines: str) -> None:
        tail = f"\nThe last lines of {log}:\n{lines}" if lines else f"\nIts log, {log}, is empty."
        super().__init__(f"{part} did not come up: {why}.{tail}")
        self.part = part
