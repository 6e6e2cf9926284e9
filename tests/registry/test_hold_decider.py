"""Legal holds: placed, released; and an erasure that is refused, on record."""

from __future__ import annotations

from services.registry.domain.person import PERSON, Erase, PlaceHold, ReleaseHold
from shared.events.registry import (
    ErasureRefused,
    HoldPlaced,
    HoldReleased,
    ResidentErased,
    ResidentRegistered,
)
from shared.folds.person import FOLD
from tests.support.given import given

RESIDENT = ResidentRegistered(community="shaba", grid="shaba-03", tier="high", details="a" * 64)
PLACED = HoldPlaced(community="shaba", hold="hold-1", reason="litigation")
ANOTHER = HoldPlaced(community="shaba", hold="hold-2", reason="audit")
RELEASED = HoldReleased(community="shaba", hold="hold-1")
ERASED = ResidentErased(community="shaba")


def test_a_hold_is_placed_once() -> None:
    given(PERSON, RESIDENT).when(PlaceHold("hold-1", "litigation")).then(PLACED)
    given(PERSON, RESIDENT, PLACED).when(PlaceHold("hold-1", "litigation")).then_nothing()
    given(PERSON).when(PlaceHold("hold-1", "litigation")).refused("not-found")


def test_a_hold_is_released_once_and_by_its_id() -> None:
    given(PERSON, RESIDENT, PLACED).when(ReleaseHold("hold-1")).then(RELEASED)
    given(PERSON, RESIDENT, PLACED, RELEASED).when(ReleaseHold("hold-1")).then_nothing()
    given(PERSON, RESIDENT, PLACED).when(ReleaseHold("hold-2")).refused("not-found")


def test_each_hold_counts_until_it_is_released() -> None:
    assert FOLD.over([RESIDENT, PLACED, ANOTHER]).held_by() == ("hold-1", "hold-2")
    assert FOLD.over([RESIDENT, PLACED, ANOTHER, RELEASED]).held_by() == ("hold-2",)


def test_an_erasure_under_a_hold_is_refused_on_record_and_erases_nothing() -> None:
    refused = ErasureRefused(community="shaba", holds=("hold-1",))
    given(PERSON, RESIDENT, PLACED).when(Erase(("hold-1",))).then(refused)
    assert not FOLD.over([RESIDENT, PLACED, refused]).erased


def test_an_erasure_is_done_once() -> None:
    given(PERSON, RESIDENT).when(Erase()).then(ERASED)
    given(PERSON, RESIDENT, ERASED).when(Erase()).then_nothing()
    given(PERSON, RESIDENT, ERASED).when(Erase(("hold-1",))).then_nothing()
