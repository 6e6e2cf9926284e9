"""Things on record: registered once, in one way, and ended once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.registry.domain.record import (
    RECORD,
    Absorb,
    Amend,
    Assure,
    End,
    GoStale,
    Merge,
    Register,
    exists,
    keeper_of,
)
from shared.events.registry import (
    ClientRegistered,
    ClientRevoked,
    FacilityOpened,
    GridDefined,
    Name,
    RecordAssured,
    RecordsMerged,
    RecordStale,
    ResidentErased,
    ResidentRegistered,
    SeatFilled,
    Training,
    TrainingRecorded,
    TrainingRevoked,
    UnitAmended,
    UnitRegistered,
    UnitRetired,
    VolunteerActivated,
    VolunteerAmended,
    VolunteerLeft,
    VolunteerRegistered,
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


NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
DIGEST = "f" * 64
OF_UNIT = {"community": "shaba", "units": ("unit-1",)}
WITH_CONTACTS = UNIT.model_copy(update={"details": DIGEST})
RETIRED = UnitRetired(**OF_UNIT, reason="left")
STALE = RecordStale(community="shaba", units=("unit-1",), keeper="unit-1", since=NOON)
ASSURED = RecordAssured(community="shaba", at=NOON)


def unit_amended(**changed: object) -> UnitAmended:
    return UnitAmended.model_validate({**OF_UNIT, **changed})


def test_an_amendment_says_only_what_changed() -> None:
    both = unit_amended(name="卫生院", kind="health")
    given(RECORD, UNIT).when(Amend(both)).then(unit_amended(name="卫生院"))


def test_an_amendment_that_changes_nothing_is_nothing() -> None:
    for same in (unit_amended(), unit_amended(kind="health"), unit_amended(cleared=("details",))):
        given(RECORD, UNIT).when(Amend(same)).then_nothing()


def test_an_optional_fact_is_taken_away_once() -> None:
    cleared = unit_amended(cleared=("details",))
    given(RECORD, WITH_CONTACTS).when(Amend(cleared)).then(cleared)
    given(RECORD, WITH_CONTACTS, cleared).when(Amend(cleared)).then_nothing()


def test_amendments_add_up() -> None:
    history = (UNIT, unit_amended(name="卫生院", details=DIGEST), unit_amended(kind="hospital"))
    expected = UnitRegistered(community="shaba", name="卫生院", kind="hospital", details=DIGEST)
    assert given(RECORD, *history).state.facts == expected


def test_what_has_ended_is_neither_changed_nor_confirmed() -> None:
    for command in (Amend(unit_amended(name="卫生院")), Assure(NOON), Absorb("unit-2")):
        given(RECORD, UNIT, RETIRED).when(command).refused("record-ended")
        given(RECORD).when(command).refused("not-found")


def test_a_likely_duplicate_is_refused_with_the_candidates() -> None:
    twins = ("unit-1", "unit-2")
    given(RECORD).when(Register(UNIT, twins)).refused("likely-duplicate", candidates=[*twins])
    given(RECORD, UNIT).when(Register(UNIT, twins)).then_nothing()


def test_a_record_is_confirmed_each_time_somebody_looks() -> None:
    given(RECORD, UNIT).when(Assure(NOON)).then(ASSURED)
    given(RECORD, UNIT, ASSURED).when(Assure(NOON)).then_nothing()
    later = NOON.replace(hour=5)
    given(RECORD, UNIT, ASSURED).when(Assure(later)).then(RecordAssured(community="shaba", at=later))


def test_a_record_goes_stale_once_until_it_is_confirmed_or_changed() -> None:
    go = GoStale("unit-1", NOON)
    given(RECORD, UNIT).when(go).then(STALE)
    given(RECORD, UNIT, STALE).when(go).then_nothing()
    for confirmed in (ASSURED, unit_amended(name="卫生院")):
        given(RECORD, UNIT, STALE, confirmed).when(go).then(STALE)
    given(RECORD, UNIT, RETIRED).when(go).then_nothing()


def test_the_unit_keeps_its_own_things_up_and_the_office_all_others() -> None:
    facility = FacilityOpened(community="shaba", name=GRID.name, kind="x", grid="shaba-03", rooms=())
    seat = SeatFilled(community="shaba", seat="member", unit="unit-2")
    for id, facts, keeper in (
        ("unit-1", UNIT, "unit-1"),
        ("seat-member-1", seat, "unit-2"),
        ("grid-shaba-03", GRID, "community-shaba"),
        ("facility-1", facility, "community-shaba"),
        ("facility-1", facility.model_copy(update={"keeper": "unit-3"}), "unit-3"),
        ("resident-1", RESIDENT, "community-shaba"),
    ):
        assert keeper_of(id, facts) == keeper


def test_a_merge_ends_one_and_is_remembered_by_the_other() -> None:
    into, absorbed = merged(into="unit-2"), merged(absorbed="unit-1")
    other = given(RECORD, UNIT).state
    given(RECORD, UNIT).when(Merge("unit-1", "unit-2", other)).then(into)
    given(RECORD, UNIT, into).when(Merge("unit-1", "unit-2", other)).then_nothing()
    given(RECORD, UNIT, into).when(Merge("unit-1", "unit-3", other)).refused("record-ended")
    given(RECORD, UNIT).when(Absorb("unit-1")).then(absorbed)
    given(RECORD, UNIT, absorbed).when(Absorb("unit-1")).then_nothing()
    assert given(RECORD, UNIT, into).state.merged_into == "unit-2"
    assert given(RECORD, UNIT, absorbed).state.absorbed == ("unit-1",)


def merged(**said: str) -> RecordsMerged:
    return RecordsMerged(community="shaba", **said)


def test_only_two_living_things_of_one_kind_and_community_merge() -> None:
    elsewhere = UNIT.model_copy(update={"community": "kunming"})
    for history in ((), (UNIT, RETIRED), (UNIT, merged(into="unit-1")), (GRID,), (elsewhere,)):
        other = given(RECORD, *history).state
        given(RECORD, UNIT).when(Merge("unit-1", "unit-2", other)).refused("cannot-merge")
    itself = given(RECORD, UNIT).state
    given(RECORD, UNIT).when(Merge("unit-1", "unit-1", itself)).refused("cannot-merge")


MEI = VolunteerRegistered(
    **OF_UNIT, unit="unit-1", team="residents", skills=("first-aid",), details=DIGEST, load_cap=4
)
INVITED = MEI.model_copy(update={"invited": True})
ACTIVATED = VolunteerActivated(**OF_UNIT, cleared=("invited",))
GONE = VolunteerLeft(**OF_UNIT, reason="left")
SAFETY = Training(course="home-safety", completed_on="2026-05-20", expires_at=NOON)
AID = Training(course="first-aid", completed_on="2025-03-01")


def trained(course: str, *trainings: Training) -> TrainingRecorded:
    return TrainingRecorded(**OF_UNIT, course=course, trainings=trainings)


def test_a_volunteer_who_was_invited_is_activated_once() -> None:
    given(RECORD, INVITED).when(Amend(ACTIVATED)).then(ACTIVATED)
    given(RECORD, INVITED, ACTIVATED).when(Amend(ACTIVATED)).then_nothing()
    given(RECORD, MEI).when(Amend(ACTIVATED)).then_nothing()
    given(RECORD, INVITED, GONE).when(Amend(ACTIVATED)).refused("record-ended")
    assert given(RECORD, INVITED, ACTIVATED).state.facts == MEI


def test_a_training_is_recorded_renewed_and_revoked_and_says_which_course_it_is_of() -> None:
    first, renewed = trained("home-safety", AID, SAFETY), trained("home-safety", AID)
    revoked = TrainingRevoked(**OF_UNIT, course="first-aid", trainings=())
    given(RECORD, MEI).when(Amend(first)).then(first)
    given(RECORD, MEI, first).when(Amend(first)).then_nothing()
    given(RECORD, MEI, first).when(Amend(renewed)).then(renewed)
    given(RECORD, MEI, first, renewed).when(Amend(revoked)).then(revoked)
    given(RECORD, MEI, first, renewed, revoked).when(Amend(revoked)).then_nothing()
    given(RECORD, MEI, first, GONE).when(Amend(revoked)).refused("record-ended")
    assert given(RECORD, MEI, first, renewed, revoked).state.facts == MEI


def test_what_a_volunteer_may_leave_open_is_taken_away_and_changed_apart() -> None:
    cleared = VolunteerAmended(**OF_UNIT, cleared=("load_cap",))
    given(RECORD, MEI).when(Amend(cleared)).then(cleared)
    given(RECORD, MEI, cleared).when(Amend(cleared)).then_nothing()
    both = VolunteerAmended(**OF_UNIT, languages=("yi",), load_cap=4)
    given(RECORD, MEI).when(Amend(both)).then(VolunteerAmended(**OF_UNIT, languages=("yi",)))


def test_a_resident_who_was_merged_or_absorbed_others_is_erased_all_the_same() -> None:
    for said in (merged(into="resident-2"), merged(absorbed="resident-3")):
        given(RECORD, RESIDENT, said).when(End(ERASED)).then(ERASED)
        given(RECORD, RESIDENT, said, ERASED).when(End(ERASED)).then_nothing()
    kept = given(RECORD, RESIDENT, merged(absorbed="resident-3"), ERASED).state
    assert kept.absorbed == ("resident-3",)
