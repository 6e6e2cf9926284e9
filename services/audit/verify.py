"""Whether the log is what was recorded: every entry derived again from its leaf, trusted in nothing.

What this proves: that the entries hang together. Whoever alters, drops, adds or moves an entry and does
not write everything behind it anew is found, and told where; and whoever cuts the end off, or does write
everything anew, is found by any head (size and chain) that was kept where he could not reach: the
document `heads` if he forgot it, a `log-verified` event on the broker or in somebody's mail if he did not.

What it cannot prove: anything against one who rewrites the log and every head that anybody kept. Entries
behind the last head that was kept can be cut off, or made up, without a trace here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from services.audit.domain.chain import Head, chained, leaf_hash, read_leaf
from services.audit.domain.contiguity import break_between, entry_id
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import START, Place, from_document

Kind = Literal["edited", "dropped", "inserted", "reordered", "field-altered", "cut"]
Stored = Mapping[str, object]
"""An entry as the store has it: any of its fields may be anything."""

_UNCHAINED = "its chain hash does not follow from it and the entry before: one of the two was edited"
FIELDS = frozenset({"_id", "seq", "leaf", "leaf_hash", "chain", "type", "stream"})


@dataclass(frozen=True, slots=True)
class Fault:
    """The first entry that is not as it was recorded, by its place in the log, and what is wrong."""

    seq: int
    kind: Kind
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`head` is that of the entries found sound, from the first; the whole log's if there is no fault."""

    head: Head
    fault: Fault | None = None

    @property
    def intact(self) -> bool:
        """Whether there is no fault."""
        return self.fault is None

    def to_json(self) -> dict[str, Json]:
        """As the API says it."""
        found: dict[str, Json] = {
            "intact": self.intact,
            "entries": self.head.size,
            "chain": self.head.chain.hex(),
        }
        if self.fault is not None:
            fault = self.fault
            found["first_fault"] = {"seq": fault.seq, "fault": fault.kind, "detail": fault.detail}
        return found


class _Found(Exception):
    """An entry is not sound."""

    def __init__(self, kind: Kind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


@dataclass(frozen=True, slots=True)
class _Absent:
    """Another entry stands where this one should: was it moved, or is it gone? Later ones tell."""


@dataclass(frozen=True, slots=True)
class _Unchained:
    """The stored chain hash is not `derived`. If the next entry goes on from `derived`, only it is wrong."""

    derived: bytes


class Verifier:
    """Checks entries in order of `seq`, from the first or from behind a head that is known to be good.

    `known` are heads that were kept apart: the log must pass through each of them.
    """

    def __init__(
        self,
        known: Iterable[Head] = (),
        head: Head | None = None,
        places: Mapping[str, Place] | None = None,
        recorded: str = "",
    ) -> None:
        self.head = head or Head()
        self.places = dict(places or {})
        """The last place of each source."""
        self.recorded = recorded
        """When the last entry was recorded."""
        self.fault: Fault | None = None
        self._known: dict[int, set[bytes]] = {}
        for each in known:
            self._known.setdefault(each.size, set()).add(each.chain)
        self._suspect: _Absent | _Unchained | None = None

    def check(self, stored: Stored) -> None:
        """The next entry. Behind a fault that is settled, nothing is looked at."""
        if self.fault is not None:
            return
        try:
            if self._suspect is None:
                self._check(stored)
            else:
                self._look_on(self._suspect, stored)
        except _Found as found:
            self.fault = Fault(self.head.size, found.kind, found.detail)

    def verdict(self) -> Verdict:
        """The verdict, all entries having been checked."""
        if self.fault is None:
            try:
                self._end()
            except _Found as found:
                self.fault = Fault(self.head.size, found.kind, found.detail)
        return Verdict(self.head, self.fault)

    def _check(self, stored: Stored) -> None:
        expected = self.head.size
        _require_place(stored.get("seq"), expected)
        data, derived = self._derive(stored)
        try:
            leaf = read_leaf(data)
            event = from_document(leaf.event, data)
        except ValueError as error:
            raise _Found("edited", f"not a leaf: {error}") from error
        if leaf.seq > expected:
            self._suspect = _Absent()
            return
        if leaf.seq < expected:
            raise _Found("inserted", f"the leaf of entry {leaf.seq} stands here: something was put before it")
        if stored.get("chain") != derived:
            self._suspect = _Unchained(derived)
            return
        self._require_contiguous(event.service, event.place)
        _require_fields(
            stored, {"_id": entry_id(event.service, event.place), "type": event.type, "stream": event.stream}
        )
        if self._known.get(expected + 1, {derived}) != {derived}:
            raise _Found("edited", "up to here the log has another chain hash than the head kept apart")
        self.head, self.recorded = Head(expected + 1, derived), leaf.recorded

    def _derive(self, stored: Stored) -> tuple[bytes, bytes]:
        """The leaf, and the chain hash that follows from it and the entry before."""
        data = stored.get("leaf")
        if not isinstance(data, bytes):
            raise _Found("edited", "the leaf is gone")
        hashed = leaf_hash(data)
        derived = chained(self.head.chain, hashed)
        if stored.get("leaf_hash") != hashed:
            if stored.get("chain") == derived:
                raise _Found("field-altered", "leaf_hash is not the leaf's")
            raise _Found("edited", "the leaf is not what was hashed")
        return data, derived

    def _require_contiguous(self, service: str, place: Place) -> None:
        match break_between(self.places.get(service, START), place):
            case "gap":
                raise _Found("dropped", f"an event of {service} before this one is missing")
            case "again":
                raise _Found("inserted", f"{service} has spoken at this place before")
            case "size":
                raise _Found("edited", f"{service} gives this commit another size")
            case None:
                self.places[service] = place

    def _look_on(self, suspect: _Absent | _Unchained, stored: Stored) -> None:
        data = stored.get("leaf")
        match suspect:
            case _Absent():
                if isinstance(data, bytes) and _seq_of(data) == self.head.size:
                    raise _Found("reordered", f"its leaf stands at {stored.get('seq')}")
            case _Unchained(derived):
                if isinstance(data, bytes) and stored.get("chain") == chained(derived, leaf_hash(data)):
                    raise _Found("field-altered", "the entries behind it go on from another chain hash")
                raise _Found("edited", _UNCHAINED)

    def _end(self) -> None:
        match self._suspect:
            case _Absent():
                raise _Found("dropped", "its leaf is gone; a later one stands here")
            case _Unchained(derived):
                if self._known.get(self.head.size + 1) == {derived}:
                    raise _Found("field-altered", "the head kept apart has another chain hash")
                raise _Found("edited", _UNCHAINED)
            case None:
                pass
        if self.head.size < (longest := max(self._known, default=0)):
            raise _Found("cut", f"the log ends here; it had {longest} entries")


def verify(entries: Iterable[Stored], known: Iterable[Head] = ()) -> Verdict:
    """The verdict on a log given in order of `seq`."""
    verifier = Verifier(known)
    for stored in entries:
        verifier.check(stored)
    return verifier.verdict()


def _require_place(seq: object, expected: int) -> None:
    if type(seq) is not int or seq < expected:
        raise _Found("inserted", "an entry stands before this one that has no place in the log")
    if seq > expected:
        raise _Found("dropped", "there is no entry with this seq")


def _require_fields(stored: Stored, expected: Mapping[str, str]) -> None:
    for name, value in expected.items():
        if stored.get(name) != value:
            raise _Found("field-altered", f"{name} is not the leaf's")
    if stored.keys() != FIELDS:
        raise _Found("field-altered", "it has a field that no entry has")


def _seq_of(data: bytes) -> int | None:
    try:
        return read_leaf(data).seq
    except ValueError:
        return None
