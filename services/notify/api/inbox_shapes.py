"""What a box and its consumers look like, for the OpenAPI document."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from shared.kernel.times import Time
from shared.runtime.http.bodies import Body
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.http.shapes import Absent, CloudEvent
from shared.runtime.ids import Id

LAST = 10**12 - 1
"""The greatest number that a message can have."""


class Message(CloudEvent):
    """An event as it was put into the box, once and for all: as webhooks have it too."""

    example: ClassVar[Document] = {
        **{name: value for name, value in CloudEvent.example.items() if name[:4] not in ("auth", "corr")},
        "recipient": "unit-health-centre",
        "unitsequence": 43,
        "previous": "dispatch@000000000181.0000",
    }

    recipient: Id = Field(description="whose box it is")
    unitsequence: int = Field(ge=1, description="its number in the box: 1, 2, 3 and so on, without gaps")
    previous: str | Absent = Field(None, description="service and `sequence` of the message before it")


class MissedMessages(Shape):
    """Messages that are kept no longer: those behind number `after`, up to number `until`."""

    example: ClassVar[Document] = {"after": 3, "until": 40}

    after: int = Field(ge=0)
    until: int = Field(ge=1)


class Messages(Shape):
    """Messages in order of number. `next` is null at the end of the box; whoever comes back later asks
    with `after` = `position`."""

    example: ClassVar[Document] = {
        "items": [Message.example],
        "next": None,
        "position": 43,
        "done": True,
        "missed": None,
    }

    items: list[Message]
    next: str | None
    position: int = Field(
        ge=0, description="the number up to which this page looked, hidden by `types` or not"
    )
    done: bool = Field(description="whether that was the end of the box")
    missed: MissedMessages | None = Field(description="null, unless something was kept no longer")


class ConsumerMessages(Shape):
    """What is behind a consumer's position, `after`. It has that done with once its position is moved to
    `position`."""

    example: ClassVar[Document] = {
        "items": [Message.example],
        "after": 42,
        "position": 43,
        "done": True,
        "missed": None,
    }

    items: list[Message]
    after: int = Field(ge=0, description="where the consumer stands; for `expected` when it is moved")
    position: int = Field(ge=0, description="the number up to which this page looked")
    done: bool = Field(description="whether that was the end of the box")
    missed: MissedMessages | None = Field(description="null, unless something was kept no longer")


class Consumer(Shape):
    """A program's place in its unit's box: it has done with all up to number `position`."""

    example: ClassVar[Document] = {
        "name": "case-system",
        "recipient": "unit-health-centre",
        "position": 43,
        "behind": 0,
        "created_at": "2026-11-24T03:29:28.123Z",
        "moved_at": "2026-11-24T03:34:55.102Z",
    }

    name: str
    recipient: Id
    position: int = Field(ge=0)
    behind: int = Field(ge=0, description="messages behind it, of all types")
    created_at: Time
    moved_at: Time


class Deleted(Shape):
    """The consumer is no more."""

    example: ClassVar[Document] = {"name": "case-system", "status": "deleted"}

    name: str
    status: Literal["deleted"]


class StartBody(Body):
    """Where a new consumer starts."""

    start: Literal["oldest", "now"] = Field(
        "oldest",
        description="`oldest`: with the oldest message that is kept; `now`: with the next that comes",
    )


class PositionBody(Body):
    """Where a consumer is moved to: a number, or a time."""

    number: int | None = Field(None, ge=0, le=LAST, description="it has done with all up to this one")
    time: Time | None = Field(None, description="it has done with all that was put in before this moment")
    expected: int | None = Field(None, ge=0, le=LAST, description="only if it stands here: else 409")

    @model_validator(mode="after")
    def _one(self) -> PositionBody:
        if (self.number is None) == (self.time is None):
            raise ValueError("give number or time, one of them")
        return self


STREAM: dict[int | str, Document] = {
    200: {
        "description": "Server-sent events: messages, without an `event` of their own, as `GET /v1/messages` "
        "has them, with their number as `id`; `missed` with `after` and `until`, the numbers between which "
        "messages are kept no longer; `over` with the `code` of why nothing more comes.",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'data: {"specversion":"1.0","type":"request-triaged"}\nid: 43\n\n',
            }
        },
    }
}
