"""The events of partner units: what they are, and the seats that they hold."""

from __future__ import annotations

from typing import ClassVar, Literal

from shared.events.registry.terms import Amendment, Ending, Reason
from shared.kernel.event import Event, Partners
from shared.kernel.times import Time


class UnitRegistered(Event):
    """A partner unit takes part. Its name is public; the persons to talk to are a sealed detail."""

    type: ClassVar[str] = "unit-registered"

    name: str
    kind: str
    details: str | None = None


class UnitAmended(Amendment, Partners):
    """What is said of a unit changed."""

    type: ClassVar[str] = "unit-amended"

    name: str | None = None
    kind: str | None = None
    details: str | None = None


class UnitRetired(Ending, Partners):
    """A unit takes part no longer."""

    type: ClassVar[str] = "unit-retired"

    reason: Reason


class SeatFilled(Event):
    """A unit holds a seat of the community's committee, by a person who is a sealed detail.

    For a term from `starts_at` up to `ends_at`, where one was said.
    """

    type: ClassVar[str] = "seat-filled"

    seat: Literal["deputy-secretary", "member"]
    unit: str
    number: int | None = None
    """Which of the seats of its kind."""
    starts_at: Time | None = None
    ends_at: Time | None = None
    details: str | None = None


class SeatVacated(Ending, Partners):
    """Whoever held a seat holds it no longer; it can be filled again."""

    type: ClassVar[str] = "seat-vacated"

    reason: Reason
