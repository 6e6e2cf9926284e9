"""Files that belong to a request: photos of a fault, signed forms. What is in them is sealed; neither a
file's name nor anything else that somebody wrote is in an event."""

from __future__ import annotations

from typing import ClassVar, Literal

from shared.events.dispatch.terms import OfRequest

AttachmentKind = Literal["photo", "form", "other"]
MediaType = Literal["image/jpeg", "image/png", "image/webp", "application/pdf"]
RemovalReason = Literal["added-by-mistake", "no-longer-needed", "objected-to", "other"]


class AttachmentAdded(OfRequest):
    """A file of `size` bytes came to the request; `details` is the digest of its sealed content.

    `visit`, `volunteer` and `unit` are of the visit that it is of; without them it is the request's own.
    """

    type: ClassVar[str] = "attachment-added"

    attachment: str
    kind: AttachmentKind
    media_type: MediaType
    size: int
    details: str
    visit: str | None = None
    volunteer: str | None = None
    unit: str | None = None


class AttachmentRemoved(OfRequest):
    """What was in the file is deleted for good."""

    type: ClassVar[str] = "attachment-removed"

    attachment: str
    reason: RemovalReason
    visit: str | None = None
    volunteer: str | None = None
    unit: str | None = None
