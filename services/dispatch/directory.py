"""What dispatch knows of registry: services, volunteers, residents, grids, units; from its events alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from services.dispatch.domain import refusals
from shared.events.index import decode
from shared.events.registry import (
    COVERS_ELSEWHERE,
    ClientRegistered,
    ClientRevoked,
    ConsentGiven,
    ConsentWithdrawn,
    GridDefined,
    GridRetired,
    Name,
    PersonAdmitted,
    PersonDismissed,
    RecordsMerged,
    ResidentAmended,
    ResidentErased,
    ResidentMovedAway,
    ResidentRegistered,
    ServiceAmended,
    ServicePublished,
    ServiceWithdrawn,
    TrainingRecorded,
    TrainingRevoked,
    UnitRegistered,
    UnitRetired,
    VolunteerActivated,
    VolunteerAmended,
    VolunteerErased,
    VolunteerLeft,
    VolunteerRegistered,
    VolunteerResumed,
    VolunteerSuspended,
)
from shared.folds.record import FOLD, Record
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.decider import NOT_FOUND, Refused
from shared.kernel.event import Event
from shared.runtime.mongo import Database
from shared.runtime.sealed import Erased
from shared.runtime.service import Reaction

KNOWN: Sequence[type[Event]] = (
    *(GridDefined, GridRetired),
    *(ServicePublished, ServiceAmended, ServiceWithdrawn),
    *(UnitRegistered, UnitRetired),
    *(ResidentRegistered, ResidentAmended, ResidentMovedAway, ResidentErased),
    *(ConsentGiven, ConsentWithdrawn),
    *(VolunteerRegistered, VolunteerAmended, VolunteerActivated, VolunteerLeft, VolunteerErased),
    *(VolunteerSuspended, VolunteerResumed, TrainingRecorded, TrainingRevoked),
    *(ClientRegistered, ClientRevoked, PersonAdmitted, PersonDismissed),
    RecordsMerged,
)
FRESH_S = 1.0
BELIEVED_S = 30.0
"""How long what another replica learns may go unnoticed if it was parked before, so that no place moves."""
CACHE = 5_000
STAFF = frozenset({"admin", "dispatcher"})


@dataclass(frozen=True, slots=True)
class Known(Record):
    """A thing, and for which purposes the resident that it is has withdrawn consent."""

    withdrawn: frozenset[str] = frozenset()


async def _always_something_new() -> object:
    return object()


@dataclass(slots=True)
class Directory:
    """The collection `directory`: `{_id: stream, events: {version: {type, data}}}`.

    Each event has its place by its version, so that it makes no difference in which order they come, or how
    often. What was found is believed until something was heard, by whichever replica: each looks at `heard`,
    the place up to which registry's events have been applied, once a second.
    """

    database: Database
    heard: Callable[[], Awaitable[object]] = _always_something_new
    _found: dict[str, Known] = field(default_factory=dict)
    _learned: int = 0
    _heard: object = None
    _looked_at: float = 0.0

    def reactions(self) -> dict[str, Reaction]:
        """How the directory follows registry."""
        return {model.type: self._learn for model in KNOWN}

    async def _learn(self, event: CloudEvent) -> None:
        said = {"type": event.type, "data": dict(event.data)}
        await self.database["directory"].update_one(
            {"_id": event.stream}, {"$set": {f"events.{event.version}": said}}, upsert=True
        )
        self._learned += 1
        self._found.pop(event.stream, None)

    async def service(self, id: str, communities: Collection[str]) -> ServicePublished:
        """A service of one of `communities`. Raises Refused `unknown-service`, `service-withdrawn`."""
        found = await self._get(id)
        facts = found.facts
        if not isinstance(facts, ServicePublished) or facts.community not in communities:
            raise Refused("unknown-service", refusals.UNKNOWN_SERVICE)
        if found.ended:
            raise Refused("service-withdrawn", refusals.SERVICE_WITHDRAWN)
        return facts

    async def units_of(self, service: ServicePublished) -> tuple[str, ...]:
        """The units of a service, its lead unit first, without those that take part no longer. One that was
        on record twice is named as the service names it."""
        units = dict.fromkeys((service.lead_unit, *service.supporting_units))
        found = {unit: await self._get(unit, or_nothing=True) for unit in units}
        return tuple(unit for unit, its in found.items() if not its.ended or its.merged_into is not None)

    async def volunteer(self, id: str, community: str) -> VolunteerRegistered:
        """One of `community`. Raises Refused `unknown-volunteer`, of one who left or was merged too;
        `volunteer-not-active`; `volunteer-suspended`."""
        found = await self._get(id)
        if not _living(found, VolunteerRegistered, community):
            raise Refused("unknown-volunteer", refusals.UNKNOWN_VOLUNTEER)
        assert isinstance(found.facts, VolunteerRegistered)
        if found.facts.invited:
            raise Refused("volunteer-not-active", refusals.VOLUNTEER_NOT_ACTIVE)
        if found.facts.suspended is not None:
            raise Refused("volunteer-suspended", refusals.VOLUNTEER_SUSPENDED)
        return found.facts

    async def resident(self, id: str, community: str) -> ResidentRegistered:
        """One of `community`. Raises Refused `unknown-resident`, after an erasure or a merge too."""
        found = await self._get(id)
        if not _living(found, ResidentRegistered, community):
            raise Refused("unknown-resident", refusals.UNKNOWN_RESIDENT)
        assert isinstance(found.facts, ResidentRegistered)
        return found.facts

    async def languages_of(self, resident: str | None) -> tuple[str, ...]:
        """What a resident speaks, by codes; nothing, of one who is unknown or on record no longer."""
        found = Known() if resident is None else await self._get(resident, or_nothing=True)
        while found.merged_into is not None:
            found = await self._get(found.merged_into, or_nothing=True)
        facts = found.facts
        return facts.languages if isinstance(facts, ResidentRegistered) and not found.ended else ()

    async def require_consent(self, resident: str) -> None:
        """Raises Refused `consent-withdrawn` if words about the resident are not to be kept; of one who was
        merged, the other record says so."""
        found = await self._get(resident, or_nothing=True)
        while found.merged_into is not None:
            found = await self._get(found.merged_into, or_nothing=True)
        if COVERS_ELSEWHERE & found.withdrawn:
            raise Refused("consent-withdrawn", refusals.CONSENT_WITHDRAWN)

    async def person(
        self, id: str, communities: Collection[str]
    ) -> tuple[ResidentRegistered, tuple[str, ...]]:
        """A resident, living here or not, with the ids of all records that turned out to be that one.

        Raises Refused `not-found` for who is no resident of `communities`, and Erased.
        """
        found = await self._get(id)
        facts = found.facts
        if not isinstance(facts, ResidentRegistered) or facts.community not in communities:
            raise Refused("not-found", NOT_FOUND)
        if isinstance(found.end, ResidentErased):
            raise Erased(id)
        ids = [id]
        for each in ids:
            absorbed = (await self._get(each, or_nothing=True)).absorbed
            ids.extend(other for other in absorbed if other not in ids)
        return facts, tuple(ids)

    async def require_unit(self, id: str, community: str) -> None:
        """Raises Refused `unknown-unit` for none of `community`, or one that takes part no longer."""
        found = await self._get(id)
        if not _living(found, UnitRegistered, community):
            raise Refused("unknown-unit", refusals.UNKNOWN_UNIT)

    async def require_staff(self, id: str, community: str) -> None:
        """Raises Refused `unknown-staff` for who is not, or no longer, of the staff of `community`."""
        found = await self._get(id)
        facts = found.facts
        staff = isinstance(facts, ClientRegistered | PersonAdmitted) and facts.role in STAFF
        here = staff and not found.ended and community in facts.communities  # type: ignore[union-attr]
        if not here:
            raise Refused("unknown-staff", refusals.UNKNOWN_STAFF)

    async def volunteer_on_record(self, id: str, communities: Collection[str]) -> VolunteerRegistered:
        """A volunteer of `communities`, one who left or is suspended too. Raises Refused `not-found`."""
        facts = (await self._get(id)).facts
        if not isinstance(facts, VolunteerRegistered) or facts.community not in communities:
            raise Refused("not-found", NOT_FOUND)
        return facts

    async def unit_on_record(self, id: str, communities: Collection[str]) -> UnitRegistered:
        """A unit of `communities`, one that takes part no longer too. Raises Refused `not-found`."""
        facts = (await self._get(id)).facts
        if not isinstance(facts, UnitRegistered) or facts.community not in communities:
            raise Refused("not-found", NOT_FOUND)
        return facts

    async def names_of(self, services: Collection[str]) -> dict[str, Name]:
        """What each of `services` that is known is called."""
        found = {id: (await self._get(id, or_nothing=True)).facts for id in services}
        return {id: facts.name for id, facts in found.items() if isinstance(facts, ServicePublished)}

    async def staff_on_record(self, id: str) -> None:
        """Raises Refused `unknown-staff` for who was never of the staff."""
        facts = (await self._get(id)).facts
        if not isinstance(facts, ClientRegistered | PersonAdmitted) or facts.role not in STAFF:
            raise Refused("unknown-staff", refusals.UNKNOWN_STAFF)

    async def require_grid(self, code: str, community: str) -> None:
        """Raises Refused `unknown-grid`, `grid-retired`."""
        found = await self._get(f"grid-{code}")
        if not isinstance(found.facts, GridDefined) or found.facts.community != community:
            raise Refused("unknown-grid", refusals.UNKNOWN_GRID)
        if found.ended:
            raise Refused("grid-retired", refusals.GRID_RETIRED)

    async def _get(self, id: str, or_nothing: bool = False) -> Known:
        """What is known of a thing; nothing, if it was not heard of, which is believed for as long if
        `or_nothing` says that nothing would do."""
        if monotonic() - self._looked_at > FRESH_S:
            await self._look()
        cached = self._found.get(id)
        if cached is not None and (or_nothing or cached.facts):
            return cached
        learned = self._learned
        document = await self.database["directory"].find_one({"_id": id})
        if document is None and not or_nothing:
            return Known()
        record = Known() if document is None else _record(document)
        if len(self._found) >= CACHE:
            self._found.clear()
        if learned == self._learned:  # otherwise it may have been read just before something came to it
            self._found[id] = record
        return record

    async def _look(self) -> None:
        """Believe nothing more, if something was heard since the last look."""
        self._looked_at = monotonic()  # one looks; the others believe it meanwhile
        heard = await self.heard(), monotonic() // BELIEVED_S
        if heard != self._heard:
            self._heard = heard
            self._learned += 1
            self._found.clear()


def _living(known: Known, kind: type[Event], community: str) -> bool:
    facts = known.facts
    return isinstance(facts, kind) and not known.ended and facts.community == community


def _record(document: Mapping[str, Any]) -> Known:
    said = dict(document.get("events", {}))
    if "type" in document:
        # As it was kept before things could be amended: `{_id, type, data, ended}`, for the first event.
        said.setdefault("1", document)
    decoded = [decode(said[version]["type"], said[version]["data"]) for version in sorted(said, key=int)]
    events = [event for event in decoded if event is not None]
    record = FOLD.over(events)
    return Known(
        facts=record.facts,
        ended=record.ended or bool(document.get("ended")),
        end=record.end,
        merged_into=record.merged_into,
        absorbed=record.absorbed,
        withdrawn=_withdrawn(events),
    )


def _withdrawn(events: Sequence[Event]) -> frozenset[str]:
    """The purposes for which consent was withdrawn, and not given again."""
    last: dict[str, bool] = {}
    for event in events:
        if isinstance(event, ConsentGiven | ConsentWithdrawn):
            last[event.purpose] = isinstance(event, ConsentWithdrawn)
    return frozenset(purpose for purpose, withdrawn in last.items() if withdrawn)
