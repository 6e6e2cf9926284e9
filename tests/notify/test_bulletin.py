"""Deciding bulletins and reports: to whom they go, who reads them, when they hold no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.notify.domain.bulletin import (
    BULLETIN,
    MOST_UNITS,
    REPORTS,
    Acknowledge,
    NoteReading,
    Publish,
    Submit,
    Withdraw,
)
from shared.events.notify import (
    BulletinPublished,
    BulletinRead,
    BulletinWithdrawn,
    ReportRead,
    ReportSubmitted,
)
from shared.folds.bulletin import FOLD
from tests.support.given import given

NOW = datetime(2026, 11, 24, 3, 30, tzinfo=UTC)
KNOWN = frozenset({"unit-a", "unit-b", "unit-c", "unit-without"})
ENTITLED = KNOWN - {"unit-without"}
PUBLISH = Publish(
    community="shaba",
    units=("unit-b", "unit-a"),
    urgent=True,
    reply_by=NOW + timedelta(days=3),
    details="digest",
    known=KNOWN,
    entitled=ENTITLED,
    now=NOW,
)
PUBLISHED = BulletinPublished(
    community="shaba",
    units=("unit-a", "unit-b"),
    to_all=False,
    urgent=True,
    reply_by=NOW + timedelta(days=3),
    details="digest",
)
TO_ALL = PUBLISHED.model_copy(update={"units": ("unit-a", "unit-b", "unit-c"), "to_all": True})
READ = BulletinRead(community="shaba", unit="unit-a", client="client-a")
WITHDRAWN = BulletinWithdrawn(community="shaba", units=("unit-a", "unit-b"), reason="replaced")
SUBMIT = Submit(community="shaba", unit="unit-a", client="client-a", details="digest")
SUBMITTED = ReportSubmitted(community="shaba", unit="unit-a", client="client-a", details="digest")


def test_a_bulletin_goes_to_each_unit_that_it_names_once() -> None:
    given(BULLETIN).when(PUBLISH).then(PUBLISHED)
    given(BULLETIN).when(replace(PUBLISH, units=("unit-a", "unit-b", "unit-a"))).then(PUBLISHED)


def test_a_bulletin_to_all_goes_to_those_that_may_come_in_at_that_moment() -> None:
    given(BULLETIN).when(replace(PUBLISH, units=None)).then(TO_ALL)


def test_a_bulletin_to_all_where_there_is_nobody_yet_waits_for_those_who_join() -> None:
    nobody = replace(PUBLISH, units=None, known=frozenset(), entitled=frozenset())
    given(BULLETIN).when(nobody).then(TO_ALL.model_copy(update={"units": ()}))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (replace(PUBLISH, units=("unit-a", "unit-z")), "unknown-unit"),
        (replace(PUBLISH, units=("unit-a", "unit-without")), "unit-without-agreement"),
        (replace(PUBLISH, reply_by=NOW), "not-later"),
        (replace(PUBLISH, reply_by=NOW - timedelta(seconds=1)), "not-later"),
    ],
)
def test_what_is_wrong_is_not_published(wrong: Publish, code: str) -> None:
    given(BULLETIN).when(wrong).refused(code)


def test_a_bulletin_goes_to_a_bounded_number_of_units() -> None:
    many = frozenset(f"unit-{n}" for n in range(MOST_UNITS))
    most = replace(PUBLISH, units=None, known=many, entitled=many)
    given(BULLETIN).when(most).then(TO_ALL.model_copy(update={"units": tuple(sorted(many))}))
    more = many | {"unit-more"}
    given(BULLETIN).when(replace(most, known=more, entitled=more)).refused("too-many-units")


def test_a_bulletin_is_published_once() -> None:
    given(BULLETIN, PUBLISHED).when(PUBLISH).refused("already-published")


def test_a_unit_reads_it_once() -> None:
    acknowledge = Acknowledge("unit-a", "client-a")
    given(BULLETIN, PUBLISHED).when(acknowledge).then(READ)
    given(BULLETIN, PUBLISHED, READ).when(acknowledge).then_nothing()
    given(BULLETIN, PUBLISHED, READ).when(replace(acknowledge, client="client-other")).then_nothing()


def test_a_unit_that_it_did_not_go_to_has_nothing_to_read() -> None:
    given(BULLETIN, PUBLISHED).when(Acknowledge("unit-c", "client-c")).refused("not-found")
    given(BULLETIN).when(Acknowledge("unit-a", "client-a")).refused("not-found")


def test_a_unit_that_joined_later_reads_what_is_to_all_and_holds() -> None:
    acknowledge = Acknowledge("unit-new", "client-new")
    read = BulletinRead(community="shaba", unit="unit-new", client="client-new")
    given(BULLETIN, TO_ALL).when(acknowledge).then(read)
    given(BULLETIN, TO_ALL, WITHDRAWN).when(acknowledge).refused("bulletin-withdrawn")
    assert not FOLD.over([TO_ALL, WITHDRAWN]).is_for("unit-new")
    assert FOLD.over([TO_ALL, WITHDRAWN]).is_for("unit-a")


def test_a_bulletin_is_withdrawn_once_and_nothing_is_read_of_it_any_more() -> None:
    given(BULLETIN, PUBLISHED).when(Withdraw("replaced")).then(WITHDRAWN)
    given(BULLETIN, PUBLISHED, WITHDRAWN).when(Withdraw("no-longer-needed")).then_nothing()
    for_a_person = WITHDRAWN.model_copy(update={"reason": "personal-data"})
    given(BULLETIN, PUBLISHED, WITHDRAWN).when(Withdraw("personal-data")).then(for_a_person)
    for reason in ("personal-data", "replaced"):
        given(BULLETIN, PUBLISHED, for_a_person).when(Withdraw(reason)).then_nothing()
    given(BULLETIN, PUBLISHED, WITHDRAWN).when(Acknowledge("unit-a", "x")).refused("bulletin-withdrawn")
    given(BULLETIN, PUBLISHED, READ, WITHDRAWN).when(Acknowledge("unit-a", "x")).then_nothing()
    given(BULLETIN).when(Withdraw("replaced")).refused("not-found")


def test_a_unit_reports_once_with_one_report() -> None:
    given(REPORTS).when(SUBMIT).then(SUBMITTED)
    given(REPORTS, SUBMITTED).when(SUBMIT).refused("already-submitted")


def test_a_report_answers_a_bulletin_that_the_unit_was_sent() -> None:
    answer = replace(SUBMIT, answers="bulletin-1", answered=FOLD.over([PUBLISHED]))
    given(REPORTS).when(answer).then(SUBMITTED.model_copy(update={"bulletin": "bulletin-1"}))
    for answered in ([], [PUBLISHED, WITHDRAWN], [PUBLISHED.model_copy(update={"units": ("unit-b",)})]):
        given(REPORTS).when(replace(answer, answered=FOLD.over(answered))).refused("unknown-bulletin")
    given(REPORTS).when(replace(answer, community="another")).refused("unknown-bulletin")


def test_the_unit_hears_once_that_its_report_was_read() -> None:
    read = ReportRead(community="shaba", units=("unit-a",), unit="unit-a")
    given(REPORTS, SUBMITTED).when(NoteReading()).then(read)
    given(REPORTS, SUBMITTED, read).when(NoteReading()).then_nothing()
    given(REPORTS).when(NoteReading()).refused("not-found")
