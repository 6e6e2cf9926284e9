"""Consents by purpose: given, over, withdrawn, given again; and what each covers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

from services.registry.domain.person import PERSON, GiveConsent, Reseal, WithdrawConsent, without
from shared.events.registry import (
    ConsentGiven,
    ConsentWithdrawn,
    HoldPlaced,
    ResidentAmended,
    ResidentErased,
    ResidentMovedAway,
    ResidentRegistered,
    UnitRegistered,
)
from shared.folds.person import FOLD
from shared.folds.record import FOLD as RECORD
from shared.kernel.canonical import Json
from shared.kernel.event import Event
from tests.support.given import given

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=365)
ID = "resident-1"
RESIDENT = ResidentRegistered(community="shaba", grid="shaba-03", tier="high", details="a" * 64)
GIVEN = ConsentGiven(community="shaba", purpose="health", given_at=NOW)
WITHDRAWN = ConsentWithdrawn(community="shaba", purpose="health", persons=(ID,))
HELD = WITHDRAWN.model_copy(update={"held": True})
ERASED = ResidentErased(community="shaba")
withdraw = partial(WithdrawConsent, "health", (ID,))


def test_consent_is_given_once() -> None:
    given(PERSON, RESIDENT).when(GiveConsent("health", NOW)).then(GIVEN)
    given(PERSON, RESIDENT, GIVEN).when(GiveConsent("health", LATER)).then_nothing()


def test_another_time_or_purpose_is_another_consent() -> None:
    until = GIVEN.model_copy(update={"until": LATER})
    given(PERSON, RESIDENT, GIVEN).when(GiveConsent("health", NOW, LATER)).then(until)
    service = GIVEN.model_copy(update={"purpose": "service"})
    given(PERSON, RESIDENT, GIVEN).when(GiveConsent("service", NOW)).then(service)


def test_consent_until_now_is_none() -> None:
    given(PERSON, RESIDENT).when(GiveConsent("health", NOW, NOW)).refused("consent-over")


def test_consent_is_withdrawn_once_and_can_be_given_again() -> None:
    given(PERSON, RESIDENT, GIVEN).when(withdraw(False)).then(WITHDRAWN)
    given(PERSON, RESIDENT, GIVEN, WITHDRAWN).when(withdraw(False)).then_nothing()
    given(PERSON, RESIDENT, GIVEN, WITHDRAWN).when(GiveConsent("health", NOW)).then(GIVEN)
    given(PERSON, RESIDENT, GIVEN, WITHDRAWN, GIVEN).when(withdraw(False)).then(WITHDRAWN)


def test_who_was_never_asked_can_say_no() -> None:
    given(PERSON, RESIDENT).when(withdraw(False)).then(WITHDRAWN)


def test_what_was_withdrawn_under_a_hold_is_withdrawn_again_without_it() -> None:
    given(PERSON, RESIDENT, GIVEN).when(withdraw(True)).then(HELD)
    given(PERSON, RESIDENT, GIVEN, HELD).when(withdraw(True)).then_nothing()
    given(PERSON, RESIDENT, GIVEN, HELD).when(withdraw(False)).then(WITHDRAWN)
    given(PERSON, RESIDENT, GIVEN, HELD, WITHDRAWN).when(withdraw(False)).then_nothing()


def test_who_moved_away_withdraws_but_does_not_give() -> None:
    moved = ResidentMovedAway(community="shaba", reason="left")
    given(PERSON, RESIDENT, moved).when(GiveConsent("health", NOW)).refused("record-ended")
    given(PERSON, RESIDENT, moved).when(withdraw(False)).then(WITHDRAWN)
    amended = ResidentAmended(community="shaba", details="b" * 64)
    given(PERSON, RESIDENT, moved).when(Reseal("b" * 64)).then(amended)
    given(PERSON, RESIDENT, ERASED).when(Reseal("b" * 64)).then_nothing()


def test_only_residents_are_asked() -> None:
    unit = UnitRegistered(community="shaba", name="消防站", kind="fire")
    given(PERSON).when(GiveConsent("health", NOW)).refused("not-found")
    given(PERSON, unit).when(GiveConsent("health", NOW)).refused("not-found")


def test_consents_and_holds_are_no_facts_of_the_record() -> None:
    hold = HoldPlaced(community="shaba", hold="hold-1", reason="audit")
    amended = ResidentAmended(community="shaba", details="b" * 64)
    story: list[Event] = [RESIDENT, GIVEN, hold, HELD, amended]
    record = RECORD.over(story)
    assert record == RECORD.over([RESIDENT, amended])
    person = FOLD.over(story)
    assert (person.record, person.details) == (record, ("a" * 64, "b" * 64))


def test_each_purpose_covers_its_own_part_of_the_details() -> None:
    relative: dict[str, Json] = {"name": "王强"}
    whole: dict[str, Json] = {
        "name": "王秀英",
        "flags": ["disabled", "lives-alone"],
        "notes": "耳背",
        "guardian": relative,
        "emergency_contact": relative,
    }
    assert without(whole, ["service"]) == whole
    kept = without(whole, ["health"])
    assert kept == {**{k: v for k, v in whole.items() if k != "notes"}, "flags": ["lives-alone"]}
    left = without(whole, ["health", "emergency-contact"])
    assert left == {"name": "王秀英", "flags": ["lives-alone"]}
    assert without(left, ["health"]) == left
