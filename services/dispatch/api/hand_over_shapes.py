"""What a hand-over's report looks like, for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.dispatch.api.shapes import REQUEST
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.http.shapes import Absent
from shared.runtime.ids import Id


class Moved(Shape):
    """What became of one piece of work: of an assignment, or of a request that somebody looks after."""

    example: ClassVar[Document] = {"request": REQUEST, "result": "refused", "code": "volunteer-not-free"}

    request: Id
    result: Literal["moved", "refused"]
    code: Annotated[str, Field(description="why not")] | Absent = None


class HandOver(Shape):
    """What went to the other, and what could not."""

    example: ClassVar[Document] = {
        "id": "hand-01a20bba-6635-7424-a8e4-81d825bcf371",
        "moved": 1,
        "refused": 1,
        "items": [{"request": REQUEST, "result": "moved"}, Moved.example],
    }

    id: Id
    moved: int
    refused: int
    items: list[Moved]
