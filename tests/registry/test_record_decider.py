"""Things on record: registered once, in one way, and ended once."""

from __future__ import annotations

import pytest

from services.registry.domain.record import RECORD, End, Register, exists
from shared.events.registry import (
    ClientRegistered,
    ClientRevoked,
    GridDefined,
    Name,
    ResidentErased,
    ResidentRegistered,
    UnitRegistered,
)
from shared.folds.record import Record
from shared.kernel.event import Event
from tests.support.given import given

GRID = GridDefined(community="shaba", grid="shaba-03", name=Name(zh="第三网格", en="Grid 3"))
UNIT = UnitRegistered(community="shaba", name="东川卫生服务中心", kind="health")
CLIENT = ClientRegistered(community="shaba", role="dispatcher", communities=("shaba",), details="d" * 64)
RESIDENT = ResidentRegistered(community="shaba", grid="shaba-03", tier="high", details="e" * 64)
REVOKED = ClientRevoked(community="shaba")
ERASED = ResidentErased(community="shaba")
ENDINGS = [(CLIENT, REVOKED), (RESIDENT, ERASED)]


@pytest.mark.parametrize("facts", [GRID, UNIT, CLIENT, RESIDENT])
def test_a_thing_is_put_on_record(facts: Event) -> None:
    given(RECORD).when(Register(facts)).then(facts)


@pytest.mark.parametrize("facts", [GRID, UNIT, CLIENT, RESIDENT])
def test_putting_it_on_record_in_the_same_way_again_is_nothing(facts: Event) -> None:
    given(RECORD, facts).when(Register(facts)).then_nothing()


def test_another_thing_under_the_same_id_is_refused() -> None:
    other = GRID.model_copy(update={"name": Name(zh="第四网格", en="Grid 4")})
    given(RECORD, GRID).when(Register(other)).refused("already-registered")
    given(RECORD, GRID).when(Register(UNIT)).refused("already-registered")


@pytest.mark.parametrize(("facts", "ending"), ENDINGS)
def test_a_thing_ends(facts: Event, ending: Event) -> None:
    given(RECORD, facts).when(End(ending)).then(ending)


@pytest.mark.parametrize(("facts", "ending"), ENDINGS)
def test_ending_it_again_is_nothing(facts: Event, ending: Event) -> None:
    given(RECORD, facts, ending).when(End(ending)).then_nothing()


@pytest.mark.parametrize("ending", [REVOKED, ERASED])
def test_what_is_not_on_record_does_not_end(ending: Event) -> None:
    given(RECORD).when(End(ending)).refused("not-found")


@pytest.mark.parametrize(("facts", "ending"), ENDINGS)
def test_what_has_ended_does_not_come_back(facts: Event, ending: Event) -> None:
    given(RECORD, facts, ending).when(Register(facts)).refused("already-registered")


@pytest.mark.parametrize(("facts", "ending"), ENDINGS)
def test_a_thing_is_there_from_its_registration_to_its_end(facts: Event, ending: Event) -> None:
    assert not exists(Record(), type(facts))
    assert exists(given(RECORD, facts).state, type(facts))
    assert not exists(given(RECORD, facts).state, UnitRegistered)
    assert not exists(given(RECORD, facts, ending).state, type(facts))
