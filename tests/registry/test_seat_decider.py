"""Seats of the committee: no two holders at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.registry.domain.seat import SEAT, Fill, Vacate
from shared.events.registry import SeatFilled, SeatVacated
from tests.support.given import given

STARTS, ENDS = datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
BEFORE = ENDS - timedelta(milliseconds=1)
HELD = SeatFilled(
    community="shaba", seat="member", unit="unit-1", starts_at=STARTS, ends_at=ENDS, details="d"
)
WITHOUT_END = HELD.model_copy(update={"ends_at": None})
NEXT = SeatFilled(community="shaba", seat="member", unit="unit-2", starts_at=ENDS, details="e")
VACATED = SeatVacated(community="shaba", units=("unit-1",), reason="left")


def test_a_seat_is_filled_if_nobody_holds_it() -> None:
    given(SEAT).when(Fill(HELD, STARTS)).then(HELD)
    given(SEAT, HELD).when(Fill(NEXT, BEFORE)).refused("seat-taken")
    given(SEAT, WITHOUT_END).when(Fill(NEXT, ENDS)).refused("seat-taken")
    given(SEAT, HELD).when(Fill(NEXT, ENDS)).then(NEXT)
    given(SEAT, HELD, NEXT).when(Fill(HELD, ENDS)).refused("seat-taken")
    given(SEAT, HELD, VACATED).when(Fill(NEXT, BEFORE)).then(NEXT)
    given(SEAT, HELD, VACATED, NEXT).when(Fill(HELD, BEFORE)).refused("seat-taken")


def test_a_term_ends_after_it_starts() -> None:
    given(SEAT).when(Fill(HELD.model_copy(update={"ends_at": STARTS}), STARTS)).refused("term-backward")


def test_a_seat_is_vacated_once_for_each_holder() -> None:
    given(SEAT).when(Vacate(VACATED)).refused("not-found")
    given(SEAT, HELD).when(Vacate(VACATED)).then(VACATED)
    given(SEAT, HELD, VACATED).when(Vacate(VACATED)).then_nothing()
    given(SEAT, HELD, VACATED, NEXT).when(Vacate(VACATED)).then(VACATED)
