"""Agreements: drafts change, what is signed stays, and the end comes once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.registry.domain.agreement import AGREEMENT, Expire, Remind, Renew, Sign
from services.registry.domain.record import Amend, End, Register
from shared.events.registry import (
    AgreementAmended,
    AgreementDrafted,
    AgreementEnded,
    AgreementExpired,
    AgreementRenewalDue,
    AgreementRenewed,
    AgreementSigned,
)
from tests.support.given import given

STARTS = datetime(2026, 12, 1, tzinfo=UTC)
ENDS = datetime(2027, 12, 1, tzinfo=UTC)
LATER = datetime(2028, 12, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
DRAFT = AgreementDrafted(
    community="shaba",
    units=("unit-1",),
    unit="unit-1",
    services=("service-a", "service-b"),
    details_of=("service-a",),
    starts_at=STARTS,
    ends_at=ENDS,
)
SIGNED = AgreementSigned(**DRAFT.model_dump(exclude={"signed_at", "details"}), signed_at=NOW, details="d")
RENEWED = AgreementRenewed(community="shaba", units=("unit-1",), unit="unit-1", ends_at=LATER)
ENDED = AgreementEnded(community="shaba", units=("unit-1",), unit="unit-1", reason="closed")
EXPIRED = AgreementExpired(community="shaba", units=("unit-1",), unit="unit-1", ends_at=ENDS)


def test_a_draft_makes_sense() -> None:
    given(AGREEMENT).when(Register(DRAFT)).then(DRAFT)
    backward = DRAFT.model_copy(update={"ends_at": STARTS})
    given(AGREEMENT).when(Register(backward)).refused("agreement-backward")
    more = DRAFT.model_copy(update={"details_of": ("service-c",)})
    given(AGREEMENT).when(Register(more)).refused("details-not-covered")


def test_a_draft_is_amended_by_what_changes_and_still_makes_sense() -> None:
    same = AgreementAmended(community="shaba", units=("unit-1",), services=("service-a", "service-b"))
    fewer = AgreementAmended(community="shaba", units=("unit-1",), services=("service-a",))
    none = AgreementAmended(community="shaba", units=("unit-1",), services=("service-b",))
    given(AGREEMENT).when(Amend(fewer)).refused("not-found")
    given(AGREEMENT, DRAFT).when(Amend(same)).then_nothing()
    given(AGREEMENT, DRAFT).when(Amend(fewer)).then(fewer)
    given(AGREEMENT, DRAFT).when(Amend(none)).refused("details-not-covered")
    late = AgreementAmended(community="shaba", units=("unit-1",), starts_at=ENDS)
    given(AGREEMENT, DRAFT).when(Amend(late)).refused("agreement-backward")
    given(AGREEMENT, DRAFT, SIGNED).when(Amend(fewer)).refused("agreement-signed")
    given(AGREEMENT, DRAFT, ENDED).when(Amend(fewer)).refused("record-ended")


def test_it_is_signed_once_with_all_that_it_says_by_then() -> None:
    fewer = AgreementAmended(community="shaba", units=("unit-1",), services=("service-a",))
    given(AGREEMENT).when(Sign(NOW, NOW)).refused("not-found")
    given(AGREEMENT, DRAFT).when(Sign(NOW, NOW, "d")).then(SIGNED)
    signed = SIGNED.model_copy(update={"services": ("service-a",), "details": None})
    given(AGREEMENT, DRAFT, fewer).when(Sign(NOW, NOW)).then(signed)
    given(AGREEMENT, DRAFT, SIGNED).when(Sign(NOW + timedelta(1), NOW, "other")).then_nothing()
    given(AGREEMENT, DRAFT).when(Sign(NOW, ENDS)).refused("agreement-over")
    given(AGREEMENT, DRAFT, ENDED).when(Sign(NOW, NOW)).refused("record-ended")


def test_it_is_renewed_to_a_later_end() -> None:
    given(AGREEMENT, DRAFT).when(Renew(LATER, NOW)).refused("agreement-not-signed")
    given(AGREEMENT, DRAFT, SIGNED).when(Renew(LATER, NOW)).then(RENEWED)
    given(AGREEMENT, DRAFT, SIGNED, RENEWED).when(Renew(LATER, NOW)).then_nothing()
    given(AGREEMENT, DRAFT, SIGNED, RENEWED).when(Renew(ENDS, NOW)).refused("not-later")
    given(AGREEMENT, DRAFT, SIGNED).when(Renew(LATER, LATER)).refused("agreement-over")
    given(AGREEMENT, DRAFT, SIGNED, EXPIRED).when(Renew(LATER, NOW)).refused("record-ended")


def test_the_end_is_reminded_of_and_comes_unless_it_was_put_off() -> None:
    due = AgreementRenewalDue(community="shaba", units=("unit-1",), unit="unit-1", ends_at=ENDS)
    given(AGREEMENT, DRAFT, SIGNED).when(Remind(ENDS)).then(due)
    given(AGREEMENT, DRAFT, SIGNED, RENEWED).when(Remind(ENDS)).then_nothing()
    given(AGREEMENT, DRAFT, SIGNED, ENDED).when(Remind(ENDS)).then_nothing()
    given(AGREEMENT, DRAFT, SIGNED).when(Expire(ENDS)).then(EXPIRED)
    given(AGREEMENT, DRAFT, SIGNED, due).when(Expire(ENDS - timedelta(milliseconds=1))).then_nothing()
    given(AGREEMENT, DRAFT, SIGNED, RENEWED).when(Expire(ENDS)).then_nothing()
    given(AGREEMENT, DRAFT, SIGNED, ENDED).when(Expire(ENDS)).then_nothing()


def test_it_is_ended_once() -> None:
    given(AGREEMENT).when(End(ENDED)).refused("not-found")
    given(AGREEMENT, DRAFT).when(End(ENDED)).then(ENDED)
    given(AGREEMENT, DRAFT, SIGNED).when(End(ENDED)).then(ENDED)
    given(AGREEMENT, DRAFT, SIGNED, ENDED).when(End(ENDED)).then_nothing()
    given(AGREEMENT, DRAFT, SIGNED, EXPIRED).when(End(ENDED)).then_nothing()
