"""What a whole request looks like, for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from services.dispatch.api.life_shapes import Hold, Rating, ReferralShape, Whistle
from services.dispatch.api.shapes import REQUEST, RESIDENT, UNITS, Assignment, Created, Visit
from shared.events.dispatch import Channel, Outcome, Priority
from shared.events.registry import Category, Tier
from shared.kernel.times import Time
from shared.runtime.http.headers import Document
from shared.runtime.http.shapes import Absent
from shared.runtime.ids import Id


class Request(Created):
    """A request with all that belongs to it. A unit sees neither the resident nor the tier, and only its own
    volunteers; a volunteer only itself, and neither rating, hold, flags, duplicates nor escalation."""

    example: ClassVar[Document] = {
        "id": REQUEST,
        "status": "in-service",
        "version": 6,
        "community": "shaba",
        "service": "service-home-health-help",
        "category": "community-service",
        "grid": "shaba-03",
        "channel": "telephone",
        "priority": "urgent",
        "due": "2026-11-24T04:34:54.965Z",
        "units": UNITS,
        "assignments": [Assignment.example],
        "visits": [Visit.example],
        "referrals": [ReferralShape.example],
        "whistles": [Whistle.example],
        "warn_at": "2026-11-24T04:22:54.965Z",
        "breached": False,
        "met_at": "2026-11-24T04:04:55.065Z",
        "escalated_to": None,
        "hold": None,
        "responsible": None,
        "outcome": None,
        "resolved_at": None,
        "reopen_until": None,
        "rating": None,
        "round": 1,
        "target": None,
        "duplicates": [],
        "flags": [],
        "welfare_check": False,
        "resident": RESIDENT,
        "tier": "high",
        "coordinator": "client-01a20bba-65bf-7092-bb24-d5c070452313",
        "first_choice": None,
        "untaken": [],
    }

    community: str
    service: Id
    category: Category
    grid: str
    channel: Channel
    priority: Priority | None
    due: Time | None
    units: list[Id]
    assignments: list[Assignment]
    visits: list[Visit]
    referrals: list[ReferralShape]
    whistles: list[Whistle]
    warn_at: Time | None
    breached: bool
    met_at: Time | None
    escalated_to: str | None
    hold: Hold | None
    responsible: Id | None
    outcome: Outcome | None
    resolved_at: Time | None
    reopen_until: Time | None
    rating: Rating | None
    round: Annotated[int, Field(ge=1, description="a reopening begins the next one, with a clock of its own")]
    target: Id | None
    duplicates: list[Id]
    flags: list[str]
    welfare_check: bool | Absent = None
    resident: Id | None = None
    tier: Tier | None = None
    coordinator: Id | None = None
    first_choice: Id | None = None
    untaken: list[Id] | Absent = None
