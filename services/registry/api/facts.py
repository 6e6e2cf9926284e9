"""What an accepted body is as the event that puts it on record: the same for a route and for a table."""

from __future__ import annotations

from services.registry.api.agreement_bodies import AgreementBody
from services.registry.api.bodies import ServiceBody, in_order
from services.registry.api.people_bodies import ResidentBody, VolunteerBody, dates, openings
from services.registry.api.unit_bodies import UnitBody
from shared.events.registry import (
    AgreementDrafted,
    ResidentRegistered,
    ServicePublished,
    UnitRegistered,
    VolunteerRegistered,
)


def volunteer_facts(body: VolunteerBody, community: str, details: str) -> VolunteerRegistered:
    """A volunteer whose sealed details have the digest `details`."""
    return VolunteerRegistered(
        community=community,
        units=(body.unit,),
        unit=body.unit,
        team=body.team,
        skills=in_order(body.skills),
        languages=in_order(body.languages),
        load_cap=body.load_cap,
        availability=openings(body.availability),
        exceptions=dates(body.exceptions),
        invited=True if body.invited else None,
        details=details,
    )


def resident_facts(body: ResidentBody, community: str, details: str) -> ResidentRegistered:
    """A resident whose sealed details have the digest `details`."""
    return ResidentRegistered(
        community=community,
        grid=body.grid,
        tier=body.tier,
        languages=in_order(body.languages),
        details=details,
    )


def unit_facts(body: UnitBody, community: str, details: str | None) -> UnitRegistered:
    """A unit; `details` is the digest of its contacts, if it has any."""
    return UnitRegistered(community=community, name=body.name, kind=body.kind, details=details)


def units_of(body: ServiceBody) -> tuple[str, ...]:
    """The units of a service, the one that leads it first."""
    return tuple(dict.fromkeys((body.lead_unit, *body.supporting_units)))


def service_facts(body: ServiceBody, community: str) -> ServicePublished:
    """A service of the catalogue."""
    units = units_of(body)
    return ServicePublished(
        community=community,
        units=units,
        name=body.name.name(),
        category=body.category,
        lead_unit=body.lead_unit,
        supporting_units=units[1:],
        response_minutes=body.response_minutes,
        working_hours=body.working_hours,
        skills=in_order(body.skills),
        enters_home=body.enters_home,
        training=in_order(body.training),
        eligible_tiers=in_order(body.eligible_tiers),
        eligible_circumstances=in_order(body.eligible_circumstances),
        public=body.public,
        matching=body.matching,
    )


def agreement_facts(body: AgreementBody, community: str) -> AgreementDrafted:
    """An agreement that nobody has signed yet."""
    return AgreementDrafted(
        community=community,
        units=(body.unit,),
        unit=body.unit,
        services=in_order(body.services),
        details_of=in_order(body.details_of),
        starts_at=body.starts_at,
        ends_at=body.ends_at,
    )
