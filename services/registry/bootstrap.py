"""What registry puts into its log at its first start: the first clients, a case.

Every commit has a fixed id, so that a start that was cut short goes on where it ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import structlog

from services.registry.case.case import Name as CaseName
from services.registry.case.case import Seat, load_case
from services.registry.secrets import hashed
from shared.events.registry import (
    AgreementDrafted,
    AgreementSigned,
    ClientRegistered,
    CommunityFounded,
    GridDefined,
    Name,
    Role,
    SeatFilled,
    ServicePublished,
    TeamFormed,
    UnitRegistered,
)
from shared.kernel.commit import Actor, Draft, StoredEvent
from shared.kernel.event import Event
from shared.kernel.times import format_time
from shared.runtime.ids import new_event_id
from shared.runtime.log import CommitExists, StreamMoved
from shared.runtime.sealed import new_detail
from shared.runtime.service import Service
from shared.runtime.settings import RegistrySettings

ACTOR = Actor("system", "registry")
CHUNK = 25

log = structlog.get_logger()


class Bootstrap:
    """The first commits of an installation. Safe to run at every start."""

    def __init__(self, service: Service, settings: RegistrySettings) -> None:
        self._service = service
        self._settings = settings

    async def run(self) -> None:
        """Record what is missing."""
        await self._client("client-admin", "admin", self._settings.admin_secret.get_secret_value())
        for name, secret in (
            ("registry", self._settings.client_secret),
            ("dispatch", self._settings.dispatch_secret),
            ("notify", self._settings.notify_secret),
            ("audit", self._settings.audit_secret),
        ):
            await self._client(f"client-{name}", "service", secret.get_secret_value())
        if self._settings.case != "none":
            await self._case(self._settings.case)

    async def _client(self, client: str, role: Role, secret: str) -> None:
        commit_id = f"first:{client}"
        if await self._service.store.by_id(commit_id) is not None:
            return
        detail = new_detail(client, {"name": client, "secret_sha256": hashed(secret)})
        await self._service.sealed.write([detail], client, 1)
        community = self._settings.community
        facts = ClientRegistered(
            community=community, role=role, communities=(community,), details=detail.digest
        )
        await self._append(commit_id, [(client, facts)])

    async def _case(self, name: str) -> None:
        for number, chunk in enumerate(_chunks(case_events(name), CHUNK)):
            await self._append(f"first:case-{name}-{number}", chunk)
        for agreement, told in case_agreements(name):
            await self._append(f"first:case-{name}-{agreement}", [(agreement, event) for event in told])

    async def _append(self, commit_id: str, events: list[tuple[str, Event]]) -> None:
        now = format_time(datetime.now(UTC))
        versions: Counter[str] = Counter()
        stored = []
        for stream, event in events:
            versions[stream] += 1
            data = event.model_dump(mode="json", exclude_none=True)
            stored.append(StoredEvent(new_event_id(), event.type, stream, versions[stream], data, now))
        try:
            await self._service.store.append(
                Draft(commit_id, tuple(stored), ACTOR, correlation="first-start")
            )
        except CommitExists:
            return
        except StreamMoved:
            if len({stream for stream, _ in events}) == 1:
                # Somebody registered it by hand before: theirs stands.
                log.warning("first-start-left-out", commit=commit_id, stream=events[0][0])
                return
            for number, one in enumerate(events):
                await self._append(f"{commit_id}-{number}", [one])


def case_events(name: str) -> Iterator[tuple[str, Event]]:
    """What a case puts on record: (stream, event) of its community, grids, teams, units, seats, services."""
    case = load_case(name)
    community = case.community.id

    def named(name: CaseName) -> Name:
        return Name(zh=name.zh, en=name.en)

    yield f"community-{community}", CommunityFounded(community=community, name=named(case.community.name))
    for grid in case.grids:
        yield f"grid-{grid.id}", GridDefined(community=community, grid=grid.id, name=named(grid.name))
    for team in case.teams:
        yield f"team-{team.id}", TeamFormed(community=community, team=team.id, name=named(team.name))
    for unit in case.units:
        yield unit.id, UnitRegistered(community=community, name=unit.name.zh, kind=unit.kind)
    for seat in case.committee:
        yield seat.id, _seat(community, seat)
    for service in case.services:
        yield (
            service.id,
            ServicePublished(
                community=community,
                units=service.units,
                name=named(service.name),
                category=service.category,
                lead_unit=service.lead_unit,
                supporting_units=service.supporting_units,
                response_minutes=service.response_minutes,
                working_hours=service.working_hours,
                skills=service.skills,
                enters_home=service.enters_home,
            ),
        )


def _seat(community: str, seat: Seat) -> SeatFilled:
    number = int(seat.id.rpartition("-")[2])
    return SeatFilled(community=community, seat=seat.seat, unit=seat.unit, number=number)


def case_agreements(name: str) -> Iterator[tuple[str, list[Event]]]:
    """The agreements of a case: (stream, events), of each unit with the services that it has a part in."""
    case = load_case(name)
    starts_at, ends_at = case.agreements.starts_at, case.agreements.ends_at
    for unit in case.units:
        services = tuple(sorted(service.id for service in case.services if unit.id in service.units))
        terms: dict[str, Any] = {
            "community": case.community.id,
            "units": (unit.id,),
            "unit": unit.id,
            "services": services,
            "details_of": services,
            "starts_at": starts_at,
            "ends_at": ends_at,
        }
        signed = AgreementSigned(**terms, signed_at=starts_at)
        yield f"agreement-{unit.id.removeprefix('unit-')}", [AgreementDrafted(**terms), signed]


def _chunks(items: Iterable[tuple[str, Event]], size: int) -> Iterator[list[tuple[str, Event]]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
