"""Bodies as strict JSON: what two readers could read differently is refused before it is read; and what the
models of bodies share."""

from __future__ import annotations

import json
from typing import Annotated, TypeGuard

import orjson
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.types import Message, Receive

from shared.runtime.http.problems import Problem

LIMIT = 1024 * 1024

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
"""A word of an agreed vocabulary: lower case, digits, hyphens between."""


class Body(BaseModel):
    """What all models of bodies share: strict types, no unknown fields."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _too_large(limit: int) -> Problem:
    return Problem(413, "body-too-large", f"the body is too long; the limit is {limit} bytes")


async def read_body(receive: Receive, declared: str | None, limit: int = LIMIT) -> bytes:
    """The whole body. Raises Problem 413 once it is longer than the limit, whatever was declared."""
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "body-cut-short", "the connection ended before the body did; send it again")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def read_json(body: bytes) -> object:
    """What `body` says. Raises Problem 400 for NaN, lone surrogates, invalid UTF-8, duplicate keys, too
    deep nesting."""
    try:
        value: object = orjson.loads(
            body
        )  # refuses NaN, infinities, lone surrogates, bad UTF-8, 1,024 levels
        if not _is_flat(value) or body.count(b":") != len(value):
            value = json.loads(body, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise Problem(400, "invalid-json", "the body is not JSON (RFC 8259); send one JSON value") from None
    return value


def _is_flat(value: object) -> TypeGuard[dict[str, str | bool | None]]:
    """Whether it is an object of texts and the like: then it has as many colons as keys, if no key is there
    twice and none is in a text. Numbers are read by the other reader, which knows large ones."""
    return isinstance(value, dict) and all(isinstance(each, str | bool | None) for each in value.values())


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Problem(400, "duplicate-key", "an object in the body has a key twice; send each once")
    return value


def replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives `body` first, and then what the connection says."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
