"""What the board looks like, for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from services.dispatch.api.shapes import RequestRow, Status
from shared.kernel.times import Time
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape

POSITION = "000000000184.0000"
Count = Annotated[int, Field(ge=0, description="how many there are, shown or not")]
Rows = Annotated[list[RequestRow], Field(description="the first of them by due, `limit` at the most")]


class Column(Shape):
    """The requests of one status."""

    example: ClassVar[Document] = {"status": "triaged", "count": 1, "items": [RequestRow.example]}

    status: Status
    count: Count
    items: Rows


class Alarm(Shape):
    """The requests at which somebody has to look for one reason."""

    example: ClassVar[Document] = {"alarm": "breached", "count": 1, "items": [RequestRow.example]}

    alarm: Annotated[str, Field(description="one of the `alarms` of a request")]
    count: Count
    items: Rows


class Overdue(Shape):
    """The requests at which somebody must have been by now, and nobody was."""

    example: ClassVar[Document] = {"count": 1, "items": [RequestRow.example]}

    count: Count
    items: Rows


class Board(Shape):
    """What is open, by status, and what somebody has to look at."""

    example: ClassVar[Document] = {
        "at": "2026-11-24T04:40:00.000Z",
        "position": POSITION,
        "columns": [Column.example],
        "alarms": [Alarm.example],
        "overdue": Overdue.example,
    }

    at: Time
    position: Annotated[
        str, Field(description="for `after` of `/v1/board/stream`: what changes from here on")
    ]
    columns: list[Column]
    alarms: list[Alarm]
    overdue: Overdue


STREAM: dict[int | str, Document] = {
    200: {
        "description": "Server-sent events: `changed` with a row as in `GET /v1/requests`; `gone` with the "
        "`id` of one that is on this board no longer; `reset`: load the board anew; `over` with the `code` "
        "of why nothing more comes.",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'event: gone\ndata: {"id":"request-01a2"}\nid: 000000000184.0000\n\n',
            }
        },
    }
}
