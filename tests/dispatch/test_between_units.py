"""Between units: referrals, calls by the whistle, declared capacity; each command's way, its guards, its
repeat."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.dispatch.domain.between_units import (
    LONGEST_REFERRAL,
    AcceptReferral,
    BlowWhistle,
    DeclineReferral,
    Refer,
    ReportIn,
)
from services.dispatch.domain.capacity import CAPACITY, Declare, capacity_stream
from services.dispatch.domain.request import REQUEST
from shared.events.dispatch import (
    CapacityDeclared,
    ReferralAccepted,
    ReferralDeclined,
    ReferralExpired,
    ReportOutcome,
    RequestEscalated,
    UnitReportedIn,
)
from tests.support.given import given
from tests.support.story import AFTER_TRIAGE, DIGEST, REQUEST_ID, UNITS, WITH_SCHOOL, at, created
from tests.support.story_of_life import (
    BASIS,
    NOW,
    OF_REFERRAL,
    OF_WHISTLE,
    POLICE,
    REFERRAL,
    REFERRED_UNTIL,
    SCHOOL,
    SITUATIONS,
    WHISTLE,
    WITH_POLICE,
    called,
    referred,
    said,
)

REFER = Refer(REFERRAL, SCHOOL, UNITS[0], "nearer", "open", False, REFERRED_UNTIL, NOW, BASIS)
ACCEPT = AcceptReferral(REFERRAL, NOW)
DECLINE = DeclineReferral(REFERRAL, "full")
WHISTLE_BLOWN = BlowWhistle([(WHISTLE, POLICE)], UNITS[0], "emergency", 15, NOW)
ACCEPTED = said(ReferralAccepted, **OF_REFERRAL)
DECLINED = said(ReferralDeclined, **OF_REFERRAL, reason="full")
MOMENT = timedelta(milliseconds=1)


def test_another_unit_is_asked_to_take_it_over() -> None:
    given(REQUEST, *AFTER_TRIAGE).when(REFER).then(referred())
    after = given(REQUEST, *AFTER_TRIAGE, referred())
    assert (after.state.status, after.state.units) == ("referred", WITH_SCHOOL)
    after.when(REFER).then_nothing()
    after.when(replace(REFER, id=f"{REQUEST_ID}.referral-2", unit=POLICE)).refused("request-not-open")


def test_the_unit_takes_it_over_and_is_responsible() -> None:
    given(REQUEST, *AFTER_TRIAGE, referred()).when(ACCEPT).then(ACCEPTED)
    after = given(REQUEST, *AFTER_TRIAGE, referred(), ACCEPTED)
    assert (after.state.status, after.state.responsible) == ("triaged", SCHOOL)
    assert set(after.state.units) == {*UNITS, SCHOOL}
    after.when(ACCEPT).then_nothing()
    after.when(DECLINE).refused("referral-over")
    again = replace(REFER, id=f"{REQUEST_ID}.referral-2")
    after.when(again).refused("already-responsible")


def test_the_unit_does_not_take_it_over_and_it_is_triaged_again() -> None:
    given(REQUEST, *AFTER_TRIAGE, referred()).when(DECLINE).then(DECLINED)
    after = given(REQUEST, *AFTER_TRIAGE, referred(), DECLINED)
    assert (after.state.status, after.state.responsible) == ("triaged", None)
    assert (after.state.units, after.state.untaken()) == (UNITS, (SCHOOL,))
    after.when(DECLINE).then_nothing()
    after.when(ACCEPT).refused("referral-over")
    again = replace(REFER, id=f"{REQUEST_ID}.referral-2")
    after.when(again).then(referred(referral=again.id))


def test_the_unit_that_referred_it_hears_of_each_step() -> None:
    """By a unit that the service is not of."""
    history = (*AFTER_TRIAGE, referred(from_unit=POLICE, units=(*UNITS, SCHOOL)))
    state = given(REQUEST, *history).state
    assert POLICE in state.units
    [accepted] = REQUEST.decide(ACCEPT, state)
    assert isinstance(accepted, ReferralAccepted)
    assert (accepted.from_unit, set(accepted.units)) == (POLICE, {*UNITS, SCHOOL, POLICE})


def test_an_answer_after_the_time_is_none() -> None:
    late = replace(ACCEPT, now=REFERRED_UNTIL)
    given(REQUEST, *AFTER_TRIAGE, referred()).when(late).refused("referral-over")
    in_time = replace(ACCEPT, now=REFERRED_UNTIL - MOMENT)
    given(REQUEST, *AFTER_TRIAGE, referred()).when(in_time).then(ACCEPTED)
    expired = said(ReferralExpired, **OF_REFERRAL)
    given(REQUEST, *AFTER_TRIAGE, referred(), expired).when(ACCEPT).refused("referral-over")
    given(REQUEST, *AFTER_TRIAGE, referred(), expired).when(DECLINE).refused("referral-over")
    assert given(REQUEST, *AFTER_TRIAGE, referred(), expired).state.status == "triaged"


@pytest.mark.parametrize("situation", ["assigned", "planned", "there", "visited"])
def test_what_somebody_is_placed_on_is_not_referred(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(REFER).refused("volunteer-placed")


def test_what_somebody_is_being_asked_for_is_not_referred() -> None:
    given(REQUEST, *SITUATIONS["offered"]).when(REFER).refused("offer-open")


def test_what_is_not_judged_or_not_open_is_not_referred() -> None:
    given(REQUEST, created()).when(REFER).refused("request-not-triaged")
    for situation in ("held", "duplicate", "rejected", "withdrawn", "resolved", "closed"):
        given(REQUEST, *SITUATIONS[situation]).when(REFER).refused("request-not-open")


def test_capacity_is_asked_first() -> None:
    given(REQUEST, *AFTER_TRIAGE).when(replace(REFER, capacity="full")).refused("unit-full")
    full = replace(REFER, capacity="full", waitlist=True)
    given(REQUEST, *AFTER_TRIAGE).when(full).refused("unit-full")
    waits = replace(REFER, capacity="waitlist")
    given(REQUEST, *AFTER_TRIAGE).when(waits).refused("unit-has-waiting-list")
    will_do = replace(waits, waitlist=True)
    given(REQUEST, *AFTER_TRIAGE).when(will_do).then(referred(capacity="waitlist"))


@pytest.mark.parametrize("expires_at", [NOW, NOW - MOMENT, NOW + LONGEST_REFERRAL + MOMENT])
def test_a_referral_ends_after_now_and_within_14_days(expires_at: datetime) -> None:
    wrong = replace(REFER, expires_at=expires_at)
    given(REQUEST, *AFTER_TRIAGE).when(wrong).refused("expiry-out-of-range")


def test_a_unit_is_called_in_and_has_its_time() -> None:
    given(REQUEST, *AFTER_TRIAGE).when(WHISTLE_BLOWN).then(called())
    after = given(REQUEST, *AFTER_TRIAGE, called())
    assert after.state.units == WITH_POLICE
    after.when(WHISTLE_BLOWN).then_nothing()


def test_several_units_are_called_and_each_once() -> None:
    both = replace(WHISTLE_BLOWN, calls=[(WHISTLE, POLICE), (f"{REQUEST_ID}.whistle-2", SCHOOL)])
    schools = called(whistle=f"{REQUEST_ID}.whistle-2", unit=SCHOOL, units=(*WITH_POLICE, SCHOOL))
    given(REQUEST, *AFTER_TRIAGE).when(both).then(called(), schools)
    given(REQUEST, *AFTER_TRIAGE, called()).when(both).then(schools)


@pytest.mark.parametrize("outcome", ["arrived", "done", "cannot-come"])
def test_a_unit_that_has_answered_can_be_called_anew(outcome: ReportOutcome) -> None:
    reported = said(UnitReportedIn, **OF_WHISTLE, outcome=outcome)
    again = replace(WHISTLE_BLOWN, calls=[(f"{REQUEST_ID}.whistle-2", POLICE)])
    (
        given(REQUEST, *AFTER_TRIAGE, called(), reported)
        .when(again)
        .then(called(whistle=f"{REQUEST_ID}.whistle-2"))
    )


def test_a_unit_that_is_on_the_way_is_not_called_again() -> None:
    given(REQUEST, *SITUATIONS["reported"]).when(WHISTLE_BLOWN).then_nothing()


@pytest.mark.parametrize("situation", ["held", "duplicate", "rejected", "withdrawn", "resolved", "closed"])
def test_nobody_is_called_to_what_is_not_open(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(WHISTLE_BLOWN).refused("request-not-open")


def test_a_unit_that_was_called_says_where_it_stands() -> None:
    arrived = ReportIn(WHISTLE, "arrived", DIGEST)
    on_the_way = said(UnitReportedIn, **OF_WHISTLE, outcome="on-the-way")
    there = said(UnitReportedIn, **OF_WHISTLE, outcome="arrived", details=DIGEST)
    given(REQUEST, *AFTER_TRIAGE, called()).when(ReportIn(WHISTLE, "on-the-way")).then(on_the_way)
    after = given(REQUEST, *AFTER_TRIAGE, called(), on_the_way)
    after.when(ReportIn(WHISTLE, "on-the-way")).then_nothing()
    after.when(arrived).then(there)
    assert given(REQUEST, *AFTER_TRIAGE, called(), on_the_way, there).state.details == (DIGEST,)


def test_that_a_unit_could_not_have_come_to_what_is_over_is_nobodys() -> None:
    over = given(REQUEST, *SITUATIONS["resolved"][:-1], called(), SITUATIONS["resolved"][-1])
    [reported] = REQUEST.decide(ReportIn(WHISTLE, "cannot-come"), over.state)
    assert reported.type == "unit-reported-in"


def test_that_a_unit_cannot_come_is_for_the_communitys_office() -> None:
    reported = said(UnitReportedIn, **OF_WHISTLE, outcome="cannot-come")
    escalated = said(RequestEscalated, **OF_WHISTLE, level="community-office", cause="whistle")
    cannot = ReportIn(WHISTLE, "cannot-come")
    given(REQUEST, *AFTER_TRIAGE, called()).when(cannot).then(reported, escalated)
    after = given(REQUEST, *AFTER_TRIAGE, called(), reported, escalated)
    after.when(cannot).then_nothing()
    assert after.state.clock.level is None
    assert after.state.whistles[0].next_at is None


def test_answers_to_what_nobody_asked_are_not_found() -> None:
    for command in (ACCEPT, DECLINE, ReportIn(WHISTLE, "done")):
        given(REQUEST, *AFTER_TRIAGE).when(command).refused("not-found")


def declared(capacity: str, service: str = "service-meals") -> CapacityDeclared:
    facts = {"community": "shaba", "units": (POLICE,), "unit": POLICE}
    return CapacityDeclared.model_validate({**facts, "service": service, "capacity": capacity})


def test_a_unit_declares_how_much_more_it_can_take_on_of_each_service() -> None:
    full = declared("full")
    given(CAPACITY).when(Declare(full)).then(full)
    given(CAPACITY, full).when(Declare(full)).then_nothing()
    given(CAPACITY, full).when(Declare(declared("open"))).then(declared("open"))
    another = declared("waitlist", "service-repairs")
    given(CAPACITY, full).when(Declare(another)).then(another)


def test_what_was_not_declared_is_open() -> None:
    state = given(CAPACITY, declared("full"), declared("waitlist", "service-repairs")).state
    assert [state.of(s) for s in ("service-meals", "service-repairs", "service-visits")] == [
        "full",
        "waitlist",
        "open",
    ]
    given(CAPACITY).when(Declare(declared("open"))).then(declared("open"))


def test_each_unit_has_a_stream_of_its_own() -> None:
    assert capacity_stream(POLICE) == "capacity-police-station"


def test_a_call_is_due_after_the_time_that_its_caller_gave() -> None:
    hour = replace(WHISTLE_BLOWN, response_minutes=60)
    (given(REQUEST, *AFTER_TRIAGE).when(hour).then(called(response_minutes=60, due=at("24T04:45"))))
