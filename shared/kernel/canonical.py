"""Canonical JSON: one value, one sequence of bytes, everywhere and for ever (RFC 8785 for what we write)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import orjson

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]

# Times are written by `kernel.times` and models by themselves; left to orjson, they would come out otherwise.
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def encode(value: object) -> bytes:
    """Bytes of `value` with sorted keys and no white space.

    For data with ASCII keys, integers below 2^53 and no floats, as all events have, this is RFC 8785.
    Raises TypeError for what JSON cannot say, lone surrogates, moments and dataclasses included.
    """
    return orjson.dumps(value, option=_OPTIONS)


def decode(data: bytes) -> Json:
    """The value that `data` says. Raises ValueError if it is not JSON."""
    value: Json = orjson.loads(data)
    return value


def decode_object(data: bytes) -> dict[str, Json]:
    """The JSON object that `data` says. Raises ValueError if it is anything else."""
    value = decode(data)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def digest(value: Mapping[str, object], salt: bytes = b"") -> str:
    """SHA-256 in hex over `salt` and the canonical bytes of `value`."""
    return hashlib.sha256(salt + encode(value)).hexdigest()
