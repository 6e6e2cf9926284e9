"""Identifiers: stream names, event ids, commit ids."""

from __future__ import annotations

import hashlib
from typing import Annotated

from pydantic import StringConstraints
from uuid_utils import uuid7

ID_PATTERN = r"^[a-z]+-[a-z0-9-]{1,80}(\.[a-z]+-[0-9]{1,6})?$"
Id = Annotated[str, StringConstraints(pattern=ID_PATTERN, max_length=120)]
"""The id of a thing, which is its stream's name; a part of a stream has `.visit-1` behind it."""


def new_id(kind: str) -> str:
    """A fresh id of `kind`: `request-` and a UUIDv7 (RFC 9562), so ids of a kind sort by their birth."""
    return f"{kind}-{uuid7()}"


def new_event_id() -> str:
    """A fresh UUIDv7."""
    return str(uuid7())


def idempotent_commit_id(client: str, method: str, path: str, key: str) -> str:
    """The commit id of a command that its client may repeat: the same words, the same id."""
    text = "\n".join((client, method, path, key))
    return hashlib.sha256(text.encode()).hexdigest()
