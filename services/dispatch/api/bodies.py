"""What dispatch's routes accept. Unknown fields, wrong types and over-long texts are refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from shared.events.dispatch import (
    Channel,
    CheckInMethod,
    ManualReason,
    Outcome,
    Priority,
    Slot,
)
from shared.kernel.times import Time
from shared.runtime.http.bodies import Body, Code
from shared.runtime.ids import Id

LONGEST_SLOT = timedelta(hours=24)

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class SlotBody(Slot):
    """From when to when, 24 hours at the most."""

    # A slot in an event may have fields that a later version adds; one that is sent may not.
    model_config = ConfigDict(extra="forbid", strict=True)


def plain_slot(slot: SlotBody) -> Slot:
    """A slot equal to those in events."""
    if slot.end - slot.start > LONGEST_SLOT:
        raise ValueError("a slot is 24 hours at the most")
    return Slot(start=slot.start, end=slot.end)


class RequestBody(Body):
    """Somebody asks for a service."""

    service: Id = Field(examples=["service-home-meals"])
    resident: Id | None = None
    grid: Code = Field(examples=["shaba-03"])
    channel: Channel
    text: Text | None = Field(None, examples=["请尽快上门"])


class TriageBody(Body):
    """How pressing it is."""

    priority: Priority


class PlacementBody(Body):
    """Who, and when."""

    volunteer: Id
    slot: Annotated[SlotBody, AfterValidator(plain_slot)]


class Position(Body):
    """Where somebody is, in degrees (WGS 84)."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class CheckInBody(Body):
    """The volunteer is there."""

    method: CheckInMethod
    occurred_at: Time | None = None
    position: Position | None = None
    reason: ManualReason | None = None
    on_behalf_of: Id | None = None

    @model_validator(mode="after")
    def _manual_needs_a_reason(self) -> CheckInBody:
        if self.method == "manual" and self.reason is None:
            raise ValueError("a manual check-in needs a reason")
        return self


class CompletionBody(Body):
    """What came of the visit."""

    outcome: Outcome
    contact_made: bool
    started_at: Time
    ended_at: Time
    text: Text | None = None
    opinion: Text | None = Field(None, examples=["希望每周都有人来"])
    follow_up: bool | None = None

    @model_validator(mode="after")
    def _forward(self) -> CompletionBody:
        if self.ended_at < self.started_at:
            raise ValueError("a visit ends after it starts")
        return self
