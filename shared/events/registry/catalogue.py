"""The events of the catalogue of services."""

from __future__ import annotations

from typing import ClassVar

from shared.events.registry.terms import Category, Name, WorkingHours
from shared.kernel.event import Partners


class ServicePublished(Partners):
    """A service is in the catalogue, with its lead unit and those that support it."""

    type: ClassVar[str] = "service-published"

    name: Name
    category: Category
    lead_unit: str
    supporting_units: tuple[str, ...]
    response_minutes: int
    working_hours: WorkingHours
    skills: tuple[str, ...]
    enters_home: bool
