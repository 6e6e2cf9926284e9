"""Who goes: offers, placements, and the time that they take."""

from __future__ import annotations

from typing import ClassVar

from shared.events.dispatch.terms import DeclineReason, ExpiryReason, OfRequest, ReleaseReason, Slot
from shared.kernel.event import Event
from shared.kernel.times import Time


class AssignmentOffered(OfRequest):
    """A volunteer is asked to go, and has until `expires_at` to answer. It takes no time yet."""

    type: ClassVar[str] = "assignment-offered"

    assignment: str
    volunteer: str
    unit: str
    slot: Slot
    expires_at: Time
    basis: str


class VolunteerAssigned(OfRequest):
    """A volunteer goes, in this slot."""

    type: ClassVar[str] = "volunteer-assigned"

    assignment: str
    volunteer: str
    unit: str
    slot: Slot
    basis: str


class AssignmentDeclined(OfRequest):
    """A volunteer who was asked does not go."""

    type: ClassVar[str] = "assignment-declined"

    assignment: str
    volunteer: str
    unit: str
    reason: DeclineReason


class AssignmentExpired(OfRequest):
    """An offer holds no longer."""

    type: ClassVar[str] = "assignment-expired"

    assignment: str
    volunteer: str
    unit: str
    reason: ExpiryReason


class VolunteerReleased(OfRequest):
    """A volunteer who was placed does not go any more."""

    type: ClassVar[str] = "volunteer-released"

    assignment: str
    volunteer: str
    unit: str
    reason: ReleaseReason


class VolunteerReassigned(OfRequest):
    """A volunteer goes instead of the one who was released from `replaced`; its open visits come along."""

    type: ClassVar[str] = "volunteer-reassigned"

    assignment: str
    volunteer: str
    unit: str
    slot: Slot
    replaced: str
    basis: str


class DutyBooked(OfRequest):
    """A volunteer's time is taken; on the volunteer's calendar, one stream for each ISO week (UTC)."""

    type: ClassVar[str] = "duty-booked"

    volunteer: str
    unit: str
    duty: str
    """The assignment that takes the time, or the visit, if it lies outside of its assignment's slot."""
    slot: Slot


class DutyFreed(OfRequest):
    """A volunteer's time is free again."""

    type: ClassVar[str] = "duty-freed"

    volunteer: str
    unit: str
    duty: str
    slot: Slot


class WorkHandedOver(Event):
    """All that one person had open was to go to another: how many did, and how many could not.

    A person is a volunteer, or one of the staff.
    """

    type: ClassVar[str] = "work-handed-over"

    giver: str
    taker: str
    moved: int
    refused: int
