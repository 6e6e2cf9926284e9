"""What dispatch's report on a person looks like, for the OpenAPI document."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from services.dispatch.api.attachment_shapes import Attachment
from services.dispatch.api.shapes import RESIDENT, Detail
from services.dispatch.api.whole_shapes import Request
from shared.kernel.times import Time
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.ids import Id


class ReportedRequest(Request):
    """A request of the resident, with what was said in words, where somebody was, and what was attached."""

    example: ClassVar[Document] = {
        **Request.example,
        "created_at": "2026-11-24T03:34:54.965Z",
        "details": [Detail.example],
        "attachments": [Attachment.example],
    }

    created_at: Time
    details: list[Detail] = Field(description="oldest first, without what consent was withdrawn for")
    attachments: list[Attachment]


class ResidentReport(Shape):
    """Everything that dispatch keeps about a resident."""

    example: ClassVar[Document] = {"id": RESIDENT, "items": [ReportedRequest.example]}

    id: Id
    items: list[ReportedRequest]
