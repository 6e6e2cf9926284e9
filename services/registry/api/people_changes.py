"""What is on record of volunteers and residents changes, and residents move away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from services.registry.api import shapes
from services.registry.api.bodies import EndBody, in_order
from services.registry.api.listed import listing
from services.registry.api.lists import Writer
from services.registry.api.people_bodies import (
    ResidentChanges,
    VolunteerChanges,
    dates,
    openings,
)
from services.registry.api.places import UNKNOWN_GRID
from services.registry.api.records import Call, amend, end, must_exist
from services.registry.domain.person import without
from services.registry.withdrawals import PERSONS
from shared.events.registry import (
    Amendment,
    GridDefined,
    ResidentAmended,
    ResidentMovedAway,
    ResidentRegistered,
    VolunteerAmended,
    VolunteerRegistered,
)
from shared.kernel.canonical import Json
from shared.kernel.decider import require
from shared.kernel.event import Event
from shared.runtime.access import Principal
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import CommandsOf
from shared.runtime.http.openapi import answers
from shared.runtime.http.problems import Problem
from shared.runtime.http.routes import Route
from shared.runtime.sealed import SealedDetails
from shared.runtime.service import Service

router = APIRouter(prefix="/v1", tags=["people"], route_class=Route)

CONSENT_WITHDRAWN = (
    "the resident agrees to keeping some of this no longer; leave it out, "
    "or put a new consent on record first"
)
NEEDS_DETAILS = "changing what is kept sealed needs the scope details:read, which the token does not have"


@dataclass(slots=True)
class Renewal:
    """The details of `id`, sealed anew with what changes; those that they supersede are found no more."""

    sealed: SealedDetails
    id: str
    kind: str
    superseded: list[str] = field(default_factory=list)

    async def seal(
        self,
        transaction: Transaction,
        facts: ResidentRegistered | VolunteerRegistered,
        changes: Mapping[str, Json],
        place: str,
    ) -> str | None:
        """The digest of the whole; None if all is as it was. `place` is as for `listing`."""
        self.superseded.clear()
        before = facts.grid if isinstance(facts, ResidentRegistered) else facts.unit
        if not changes and place == before:
            return None
        kept = await self.sealed.read(facts.details)
        # What is taken away says so, but only if it was there.
        changed = {name: each for name, each in changes.items() if each is not None or name in kept}
        content = {**kept, **changed}
        if content == kept and place == before:
            return None
        self.superseded.append(facts.details)
        found_by = listing(self.kind, facts.community, place, content)
        return transaction.seal(self.id, content, listing=found_by)

    async def finish(self) -> None:
        """After the commit. What is left out here by a crash is found by the search, and passed over."""
        if self.superseded:
            await self.sealed.unlist(self.superseded)


def _may_change(principal: Principal, details: Mapping[str, Json]) -> None:
    # Whoever may not read a detail could otherwise guess it: an amendment that changes nothing is no event.
    if details and "details:read" not in principal.scopes:
        raise Problem(403, "insufficient-scope", NEEDS_DETAILS)


def _cleared(body: ResidentChanges | VolunteerChanges, facts: Event) -> tuple[str, ...]:
    """The facts that are taken away; what is sealed is none."""
    return tuple(name for name in body.cleared() if name in type(facts).model_fields)


async def _require_consent(reading: Transaction, resident: str, details: Mapping[str, Json]) -> None:
    # Read at each try: a withdrawal meanwhile moves the stream, and this is decided again.
    person = await reading.load(PERSONS, resident)
    withdrawn = [purpose for purpose, consent in person.consents.items() if consent.withdrawn]
    kept = {name: value for name, value in details.items() if value is not None}
    require(without(kept, withdrawn) == kept, "consent-withdrawn", CONSENT_WITHDRAWN)


@router.patch("/residents/{resident}", summary="Amend a resident", responses=answers(shapes.Registered))
async def amend_resident(
    resident: str, body: ResidentChanges, request: Request, principal: Writer, commands: CommandsOf
) -> Response:
    """200; what is so already is no event. All but grid, tier and languages need the scope details:read
    besides. 409 `record-ended` for who moved away, 410 after an erasure, 422: unknown-grid, consent-withdrawn
    for what the resident agrees to no longer."""
    service: Service = request.app.state.service
    _may_change(principal, body.details())
    renewal = Renewal(service.sealed, resident, "resident")

    async def changes(transaction: Transaction, facts: Event) -> Amendment:
        assert isinstance(facts, ResidentRegistered)
        community, grid = facts.community, body.grid or facts.grid
        if grid != facts.grid:
            await must_exist(
                transaction, f"grid-{grid}", GridDefined, "unknown-grid", UNKNOWN_GRID, community
            )
        await _require_consent(commands.read(request, principal), resident, body.details())
        details = await renewal.seal(transaction, facts, body.details(), grid)
        return ResidentAmended(
            community=community,
            grid=body.grid,
            tier=body.tier,
            details=details,
            languages=None if body.languages is None else in_order(body.languages),
            cleared=_cleared(body, facts),
        )

    response = await amend(Call(commands, request, principal, resident, ResidentRegistered), changes)
    await renewal.finish()
    return response


@router.post(
    "/residents/{resident}/moved-away",
    summary="Say that a resident lives here no longer",
    responses=answers(shapes.Ended),
)
async def moved_away(
    resident: str, body: EndBody, request: Request, principal: Writer, commands: CommandsOf
) -> Response:
    """200; no list and no search has the resident any more. The details are kept until an erasure."""
    service: Service = request.app.state.service
    renewal = Renewal(service.sealed, resident, "resident")

    def ending(facts: Event) -> Event:
        assert isinstance(facts, ResidentRegistered)
        renewal.superseded = [facts.details]
        return ResidentMovedAway(community=facts.community, reason=body.reason)

    response = await end(Call(commands, request, principal, resident, ResidentRegistered), ending)
    await renewal.finish()
    return response


@router.patch("/volunteers/{volunteer}", summary="Amend a volunteer", responses=answers(shapes.Registered))
async def amend_volunteer(
    volunteer: str, body: VolunteerChanges, request: Request, principal: Writer, commands: CommandsOf
) -> Response:
    """200; what is so already is no event. Name, phone and email need the scope details:read besides. 409
    `record-ended` for who left."""
    service: Service = request.app.state.service
    _may_change(principal, body.details())
    renewal = Renewal(service.sealed, volunteer, "volunteer")

    async def changes(transaction: Transaction, facts: Event) -> Amendment:
        assert isinstance(facts, VolunteerRegistered)
        return VolunteerAmended(
            community=facts.community,
            units=(facts.unit,),
            team=body.team,
            skills=None if body.skills is None else in_order(body.skills),
            details=await renewal.seal(transaction, facts, body.details(), facts.unit),
            languages=None if body.languages is None else in_order(body.languages),
            load_cap=body.load_cap,
            availability=None if body.availability is None else openings(body.availability),
            exceptions=None if body.exceptions is None else dates(body.exceptions),
            cleared=_cleared(body, facts),
        )

    response = await amend(Call(commands, request, principal, volunteer, VolunteerRegistered), changes)
    await renewal.finish()
    return response
