"""The events of the catalogue of services."""

from __future__ import annotations

from typing import ClassVar

from shared.events.registry.terms import (
    Amendment,
    Category,
    Ending,
    Matching,
    Name,
    Reason,
    Tier,
    WorkingHours,
)
from shared.kernel.event import Partners


class ServicePublished(Partners):
    """A service is in the catalogue, with its lead unit and those that support it.

    `training` are the codes of what a volunteer must have been trained in. `eligible_tiers` and
    `eligible_circumstances` say for whom it is, by codes: for whoever is of one of them; for everybody if
    both are empty. `public`: whether anybody may read of it, without a token. `matching` is `suggest` if
    nothing is said.
    """

    type: ClassVar[str] = "service-published"

    name: Name
    category: Category
    lead_unit: str
    supporting_units: tuple[str, ...]
    response_minutes: int
    working_hours: WorkingHours
    skills: tuple[str, ...]
    enters_home: bool
    training: tuple[str, ...] = ()
    eligible_tiers: tuple[Tier, ...] = ()
    eligible_circumstances: tuple[str, ...] = ()
    public: bool = True
    matching: Matching | None = None


class ServiceAmended(Amendment, Partners):
    """What is said of a service changed. `units` are those that it is of now, and those that it was of."""

    type: ClassVar[str] = "service-amended"

    name: Name | None = None
    category: Category | None = None
    lead_unit: str | None = None
    supporting_units: tuple[str, ...] | None = None
    response_minutes: int | None = None
    working_hours: WorkingHours | None = None
    skills: tuple[str, ...] | None = None
    enters_home: bool | None = None
    training: tuple[str, ...] | None = None
    eligible_tiers: tuple[Tier, ...] | None = None
    eligible_circumstances: tuple[str, ...] | None = None
    public: bool | None = None
    matching: Matching | None = None


class ServiceWithdrawn(Ending, Partners):
    """A service is in the catalogue no longer: what was asked for goes on, nothing new can be asked for."""

    type: ClassVar[str] = "service-withdrawn"

    reason: Reason
