"""What dispatch's answers about attachments look like, for its OpenAPI document."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from services.dispatch.api.shapes import REQUEST, Version
from shared.events.dispatch import AttachmentKind, MediaType
from shared.kernel.times import Time
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.ids import Id

Size = Annotated[int, Field(ge=1, description="bytes")]


class Added(Shape):
    """The attachment is kept."""

    example: ClassVar[Document] = {
        "id": f"{REQUEST}.attachment-1",
        "kind": "photo",
        "media_type": "image/jpeg",
        "size": 482113,
        "visit": f"{REQUEST}.visit-1",
        "version": 7,
    }

    id: Id
    kind: AttachmentKind
    media_type: MediaType
    size: Size
    visit: Id | None
    version: Version


class Attachment(Shape):
    """An attachment, without its content."""

    example: ClassVar[Document] = {
        "id": f"{REQUEST}.attachment-1",
        "kind": "photo",
        "media_type": "image/jpeg",
        "size": 482113,
        "visit": f"{REQUEST}.visit-1",
        "added_at": "2026-11-24T04:30:12.081Z",
        "kept": True,
    }

    id: Id
    kind: AttachmentKind
    media_type: MediaType
    size: Size
    visit: Id | None
    added_at: Time
    kept: bool = Field(description="false once it was erased, or consent withdrawn")


class Attachments(Shape):
    """The attachments of a request, oldest first, 50 at the most."""

    example: ClassVar[Document] = {"items": [Attachment.example]}

    items: list[Attachment]


class Removed(Shape):
    """The attachment is gone."""

    example: ClassVar[Document] = {"id": f"{REQUEST}.attachment-1", "removed": True, "version": 8}

    id: Id
    removed: bool
    version: Version
