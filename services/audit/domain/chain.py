"""The chain: what is hashed, and how. These bytes are for ever: a change here unproves every log there is.

leaf       = canonical JSON of {"event": the CloudEvent, "recorded": time, "seq": 0, 1, 2 …}
leaf hash  = SHA-256(0x00 ‖ leaf), as in RFC 6962, section 2.1
chain hash = SHA-256(chain hash of the entry before ‖ leaf hash), from 32 zero bytes
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from shared.kernel.canonical import Json, decode_object, encode

GENESIS = bytes(32)
"""The chain hash before the first entry."""

LEAF_PREFIX = b"\x00"
KEYS = frozenset({"event", "recorded", "seq"})


@dataclass(frozen=True, slots=True)
class Head:
    """How many entries a log has, and the chain hash of its last: it stands for all of them."""

    size: int = 0
    chain: bytes = GENESIS


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a leaf says. `recorded` is when audit recorded it (RFC 3339, UTC, milliseconds)."""

    seq: int
    recorded: str
    event: Mapping[str, Json]


def leaf(seq: int, recorded: str, event: bytes) -> bytes:
    """The leaf of the event whose canonical bytes are `event`: these are spliced in, not encoded again."""
    return b"".join((begins(event), recorded.encode("ascii"), b'","seq":', str(seq).encode("ascii"), b"}"))


def begins(event: bytes) -> bytes:
    """What every leaf of this event begins with, and no leaf of another."""
    return b"".join((b'{"event":', event, b',"recorded":"'))


def read_leaf(data: bytes) -> Leaf:
    """What the leaf `data` says. Raises ValueError if it is no leaf, or not in its one canonical form."""
    document = decode_object(data)
    if document.keys() != KEYS or encode(document) != data:
        raise ValueError("not the canonical JSON of seq, recorded and event")
    seq, recorded, event = document["seq"], document["recorded"], document["event"]
    if type(seq) is not int or not isinstance(recorded, str) or not isinstance(event, dict):
        raise ValueError("seq, recorded or event is of another kind")
    return Leaf(seq, recorded, event)


def leaf_hash(data: bytes) -> bytes:
    """SHA-256 over 0x00 and the leaf: 32 bytes."""
    return hashlib.sha256(LEAF_PREFIX + data).digest()


def chained(previous: bytes, hashed: bytes) -> bytes:
    """The chain hash of the entry with this leaf hash, behind the chain hash `previous`: 32 bytes."""
    return hashlib.sha256(previous + hashed).digest()
