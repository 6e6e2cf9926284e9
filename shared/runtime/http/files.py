"""Files as bodies, and as answers: what comes in must be what it says it is; what goes out is never opened in
place, nor taken for anything else."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from fastapi import Request, Response

from shared.kernel.canonical import encode
from shared.kernel.event import Event
from shared.runtime.access import Principal
from shared.runtime.http.bodies import read_body
from shared.runtime.http.calls import POSITION, Commands
from shared.runtime.http.details import record
from shared.runtime.http.headers import Document
from shared.runtime.http.problems import Problem

SUFFIXES: Mapping[str, str] = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "application/pdf": "pdf",
}
"""The kinds of files that are known here, and how their names end."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that came as a body."""

    media_type: str
    data: bytes


def is_what_it_says(media_type: str, data: bytes) -> bool:
    """Whether `data` begins as files of this kind do: JPEG (ISO 10918-1), PNG (RFC 2083), WebP (RFC 9649),
    PDF (ISO 32000)."""
    match media_type:
        case "image/jpeg":
            return data.startswith(b"\xff\xd8\xff")
        case "image/png":
            return data.startswith(b"\x89PNG\r\n\x1a\n")
        case "image/webp":
            return data[:4] == b"RIFF" and data[8:12] == b"WEBP"
        case "application/pdf":
            return data.startswith(b"%PDF-")
        case _:
            return False


async def read_file(request: Request, limit: int) -> Sent:
    """The body as a file, for a path that `Service.app` was told of as one that takes files.

    Raises Problem 415 `unsupported-media-type`, 413 `body-too-large`, 422 `empty-file`, `not-what-it-says`.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in SUFFIXES:
        raise Problem(415, "unsupported-media-type", f"Content-Type must be one of {', '.join(SUFFIXES)}")
    data = await read_body(request.receive, request.headers.get("content-length"), limit)
    if not data:
        raise Problem(422, "empty-file", "the file is empty; send the bytes of the file as the body")
    if not is_what_it_says(media_type, data):
        message = "the file is not of the kind that Content-Type says; send it with its own"
        raise Problem(422, "not-what-it-says", message)
    _tell_apart(request, media_type, hashlib.sha256(data).hexdigest())
    return Sent(media_type, data)


def tell_apart_by_query(request: Request) -> None:
    """A command that says by its query what is to be done is another one with another query."""
    _tell_apart(request)


def _tell_apart(request: Request, *said: str) -> None:
    """By what a repeat under one Idempotency-Key is known to be the same, beside its method and path."""
    request.scope["linli.body"] = encode([*said, request.url.query])


async def answer_file(
    request: Request, principal: Principal, commands: Commands, viewed: Event, file: Sent, name: str
) -> Response:
    """`file`, to be kept under `name` and its suffix, after `viewed` was recorded."""
    recorded = await record(request, principal, commands, viewed)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{SUFFIXES[file.media_type]}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        POSITION: recorded.headers[POSITION],
    }
    return Response(file.data, media_type=file.media_type, headers=headers)


def files_taken() -> Document:
    """The `openapi_extra` of a route that takes a file."""
    return {"requestBody": {"required": True, "content": _content()}}


def file_answers(headers: Collection[str]) -> dict[int | str, Document]:
    """The `responses` of a route that answers a file."""
    named = {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
    return {200: {"description": "The file, as it was sent.", "content": _content(), "headers": named}}


def _content() -> Document:
    schema = {"type": "string", "format": "binary"}
    return {media_type: {"schema": schema, "example": "the bytes of the file"} for media_type in SUFFIXES}
