"""What audit's answers look like, for its OpenAPI document; a test compares them with real ones."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from services.audit.verify import Kind
from shared.kernel.times import Time
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.http.shapes import Absent, CloudEvent

Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
LEAF_HASH = "0f4c3a9d6c1e58b27d94e07f5ab1c8360d2e9b7745a1f6c8e3b0d9274f61ac85"
CHAIN = "b9a1d43f0e6c7258916ef3d0a5c48b27e1907d6f2c3b8a54d0f7e69123ab45cd"


class Entry(Shape):
    """An entry: the event, when it was recorded, the hash of both and of all before."""

    example: ClassVar[Document] = {
        "seq": 184,
        "recorded": "2026-11-24T03:34:55.017Z",
        "leaf_hash": LEAF_HASH,
        "chain": CHAIN,
        "event": CloudEvent.example,
    }

    seq: int = Field(ge=0)
    recorded: Time
    leaf_hash: Hash = Field(description="SHA-256 over 0x00 and the canonical JSON of event, recorded, seq")
    chain: Hash = Field(description="SHA-256 over the chain hash of the entry before and this leaf hash")
    event: CloudEvent | Absent = Field(None, description="absent where it is another community's")


class State(Shape):
    """A stream's state. Not `complete`: a version is missing or could not be read."""

    example: ClassVar[Document] = {
        "state": {
            "facts": {"community": "shaba", "name": "东川卫生服务中心", "kind": "health"},
            "ended": False,
        },
        "version": 1,
        "complete": True,
    }

    state: dict[str, Any] = Field(description="what the stream's events mean, by its kind")
    version: int = Field(ge=0, description="0 if nothing of it was recorded by then")
    complete: bool


class Fault(Shape):
    """The first entry that is not as it was recorded."""

    example: ClassVar[Document] = {"seq": 7, "fault": "edited", "detail": "the leaf is not what was hashed"}

    seq: int
    fault: Kind
    detail: str


class Verdict(Shape):
    """Whether the log is as it was recorded: how many entries are sound from the first, and the last's chain
    hash."""

    example: ClassVar[Document] = {
        "intact": False,
        "entries": 7,
        "chain": CHAIN,
        "first_fault": Fault.example,
    }

    intact: bool
    entries: int
    chain: Hash
    first_fault: Fault | Absent = None


class Place(Shape):
    """Where an event stands in its source's log."""

    example: ClassVar[Document] = {"pos": 184, "index": 0, "commitsize": 1}

    pos: int
    index: int
    commitsize: int


class Fork(Shape):
    """Two events that a source gave one place."""

    example: ClassVar[Document] = {
        "sequence": "000000000184.0000",
        "recorded_event": "01a20bba-6639-7b21-9d7e-0a3c4de20f11",
        "other_event": "01a20bba-9c55-7f02-8a1b-3d5e7f901b23",
    }

    sequence: str
    recorded_event: str
    other_event: str


class Source(Shape):
    """How far a service is recorded, whether it contradicted itself, why nothing more of it is recorded."""

    example: ClassVar[Document] = {
        "source": "dispatch",
        "place": Place.example,
        "behind": False,
        "forked": False,
        "stopped": None,
    }

    source: Literal["registry", "dispatch", "notify", "audit"]
    place: Place
    behind: bool
    forked: bool
    stopped: str | None
    fork: Fork | Absent = None
