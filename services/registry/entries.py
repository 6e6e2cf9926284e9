"""A thing on record as the read model keeps it: what its events make of it, and what lists find it by.

Pure: an entry is a document `{_id: stream, n, kind, community, version, ended, end, facts, details,
assured_at, stale, merged_into, terms}`; `n` is its number among its kind, `details` the digest in force of
what is kept sealed of it. A volunteer's has `trained` besides: until when each training counts, by course.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from services.registry.names import beginnings, same
from services.registry.standing import state_of, trained
from shared.events.index import BY_SERVICE
from shared.events.registry import (
    AgreementDrafted,
    Amendment,
    ClientRegistered,
    CommunityFounded,
    Ending,
    FacilityOpened,
    GridDefined,
    RecordAssured,
    RecordsMerged,
    RecordStale,
    ResidentRegistered,
    SeatFilled,
    ServicePublished,
    TeamFormed,
    UnitRegistered,
    VolunteerRegistered,
)
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent

Entry = dict[str, Any]
Change = Callable[[Entry, CloudEvent], Entry]

KINDS: Mapping[str, str] = {
    ClientRegistered.type: "client",
    CommunityFounded.type: "community",
    GridDefined.type: "grid",
    FacilityOpened.type: "facility",
    TeamFormed.type: "team",
    UnitRegistered.type: "unit",
    SeatFilled.type: "seat",
    AgreementDrafted.type: "agreement",
    ServicePublished.type: "service",
    VolunteerRegistered.type: "volunteer",
    ResidentRegistered.type: "resident",
}
"""The event that puts a thing of each kind on record."""

FILTERS: Mapping[str, tuple[str, ...]] = {
    "client": ("unit", "role"),
    "community": (),
    "grid": (),
    "facility": ("keeper", "grid", "kind"),
    "team": ("team",),
    "unit": ("kind",),
    "seat": ("unit", "seat"),
    "agreement": ("unit", "services"),
    "service": ("lead_unit", "supporting_units", "skills", "category"),
    "volunteer": ("unit", "training", "skills", "team", "languages", "state"),
    "resident": ("grid", "tier"),
}
"""The facts by which things of each kind are listed; those that fewest share come first."""

_ALONE = frozenset({"training", "languages", "state"})
"""Facts by which things are listed, but not by two of them at once: that would be too many terms."""

BUCKET = 100
"""Numbers that a term of a list spans: so many entries are read for one that is looked for, at the most."""

# Digests of sealed details lead nowhere for a reader; they are asked for by the thing's own id. A course is
# what an event of training is about; the trainings are the fact.
_HIDDEN = frozenset({"details", "units", "community", "cleared", "course"})
_UNSHOWN = frozenset({"client-revoked", "resident-erased", "volunteer-erased"})
_UNNAMED = frozenset({"client", "volunteer", "resident"})
"""Kinds without a public name."""


def fresh(event: CloudEvent, number: int) -> Entry:
    """An entry for what `event` puts on record, before the event is applied."""
    return {
        "_id": event.stream,
        "n": number,
        "kind": KINDS[event.type],
        "community": event.community,
        "version": 0,
        "ended": False,
        "end": None,
        "facts": {},
        "details": None,
        "assured_at": None,
        "stale": False,
        "merged_into": None,
        "terms": [],
    }


def applied(entry: Entry, event: CloudEvent) -> Entry:
    """`entry` after `event`; the same if it has it already."""
    if event.version <= entry["version"]:
        return entry
    change = CHANGES.get(event.type)
    changed = {**entry, **(change(entry, event) if change is not None else {}), "version": event.version}
    if entry["kind"] == "volunteer":
        changed |= _standing(changed)
    return {**changed, "terms": sorted(_terms(changed))}


def _standing(entry: Entry) -> Entry:
    facts = entry["facts"]
    return {"facts": {**facts, "state": state_of(facts, entry["ended"])}, "trained": trained(facts)}


def _registered(_: Entry, event: CloudEvent) -> Entry:
    said = {"facts": _facts(event), "details": event.data.get("details")}
    return {**said, "ended": False, "end": None, "stale": False, "assured_at": event.time}


def _amended(entry: Entry, event: CloudEvent) -> Entry:
    cleared = event.data.get("cleared")
    gone = cleared if isinstance(cleared, list) else []
    kept = {name: value for name, value in entry["facts"].items() if name not in gone}
    details = event.data.get("details") or (None if "details" in gone else entry.get("details"))
    facts = {**kept, **_facts(event)}
    return {"facts": facts, "details": details, "stale": False, "assured_at": event.time}


def _ended(_: Entry, event: CloudEvent) -> Entry:
    return {"ended": True, "end": {"type": event.type, "reason": event.data.get("reason")}, "stale": False}


def _assured(_: Entry, event: CloudEvent) -> Entry:
    return {"assured_at": event.data["at"], "stale": False}


def _gone_stale(_: Entry, event: CloudEvent) -> Entry:
    return {"stale": True}


def _merged(_: Entry, event: CloudEvent) -> Entry:
    into = event.data.get("into")
    return {} if into is None else {"ended": True, "merged_into": into, "stale": False}


def _changes() -> Iterator[tuple[str, Change]]:
    for name, model in BY_SERVICE["registry"].items():
        if name in KINDS:
            yield name, _registered
        elif issubclass(model, Amendment):
            yield name, _amended
        elif issubclass(model, Ending):
            yield name, _ended
    yield from (
        (RecordAssured.type, _assured),
        (RecordStale.type, _gone_stale),
        (RecordsMerged.type, _merged),
    )


CHANGES: Mapping[str, Change] = dict(_changes())
"""What each event changes in an entry; an event that is not here only moves its version on."""


def _facts(event: CloudEvent) -> dict[str, Json]:
    return {name: value for name, value in event.data.items() if name not in _HIDDEN}


def list_term(kind: str, community: str, what: str = "") -> str:
    """What an entry is found by in a list, before its bucket: all of a kind, or those that are `what`."""
    return f"{kind}|{community}|{what}"


def same_term(kind: str, community: str, name: str) -> str:
    """What an entry is found by when another of the same name is entered."""
    return f"{kind}|{community}|same={name}"


def _terms(entry: Entry) -> Iterator[str]:
    if entry["ended"]:
        return
    kind, community, facts = entry["kind"], entry["community"], entry["facts"]
    bucket = entry["n"] // BUCKET
    stale = ["stale=true"] if entry["stale"] else []
    found_by = {**facts, "training": [*entry.get("trained", {})]}
    for what in {"", *stale, *listed_as([(name, found_by.get(name)) for name in FILTERS[kind]])}:
        yield f"{list_term(kind, community, what)}|{bucket}"
    if kind not in _UNNAMED:
        yield from (
            f"{list_term(kind, community, f'q={word}')}|{bucket}" for word in beginnings(facts.get("name"))
        )
        yield from (same_term(kind, community, name) for name in same(facts.get("name")))


def listed_as(facts: Sequence[tuple[str, Json]]) -> Iterator[str]:
    """What things with these facts are listed as: by each of them, and by each two of different names, but
    for those by which they are listed alone."""
    singles = [
        (name, each)
        for name, value in facts
        for each in (value if isinstance(value, list) else [value])
        if each is not None
    ]
    yield from (f"{name}={each}" for name, each in singles)
    paired = [(name, each) for name, each in singles if name not in _ALONE]
    for (name, one), (other, two) in combinations(paired, 2):
        if name != other:
            yield f"{name}={one}&{other}={two}"


def condition(name: str, value: str, now: str) -> tuple[str, Json]:
    """What a query says for entries that are `value` by the fact `name`; a training must count at `now`."""
    return (f"trained.{value}", {"$gt": now}) if name == "training" else (f"facts.{name}", value)


def has(entry: Entry, name: str, value: str, now: str) -> bool:
    """The same of one entry."""
    if name == "training":
        return str(entry.get("trained", {}).get(value, "")) > now
    its = entry["facts"].get(name)
    return value in its if isinstance(its, list) else bool(value == its)


def shown(entry: Entry) -> dict[str, Json] | None:
    """For an answer: with `ended`, why, or `merged_into` where it is no more; None if nobody is told."""
    end = entry["end"]
    if end is not None and end["type"] in _UNSHOWN:
        return None
    said: dict[str, Json] = {"id": entry["_id"], "community": entry["community"], **entry["facts"]}
    if entry["kind"] == "volunteer":
        said["state"] = state_of(said, entry["ended"])
        said.pop("invited", None)
    if entry["kind"] != "client":
        said |= {"assured_at": entry["assured_at"], "stale": entry["stale"]}
    if end is not None:
        said["ended"] = end["reason"]
    if entry["merged_into"] is not None:
        said["merged_into"] = entry["merged_into"]
    return said
