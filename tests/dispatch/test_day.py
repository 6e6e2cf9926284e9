"""Whose work a day has, and how a calendar says it."""

from __future__ import annotations

import pytest
from icalendar import Calendar

from services.dispatch.day import Whose, once, work_of
from services.dispatch.ical import calendar_of
from services.dispatch.rows import Row
from shared.events.registry import Name
from shared.kernel.times import format_time
from tests.dispatch.test_board import GOES, NINE, TEN, row
from tests.support.story import at

HERE = frozenset({"shaba"})
DAY = "2026-11-25"
NAMES = {"service-meals": Name(zh="助餐, 上门", en="Meals; at home")}
MEIS_VISIT = ("visit-1", "volunteer-mei", "unit-health-centre", NINE, TEN, "scheduled")


def visited() -> Row:
    """Two are placed; of the first a visit is planned."""
    return row(volunteers=GOES["volunteers"], work=(*GOES["work"], MEIS_VISIT))


@pytest.mark.parametrize(
    ("whose", "items"),
    [
        (Whose("volunteer-mei"), ["assignment-1", "visit-1"]),
        (Whose("volunteer-mei", "unit-school"), []),
        (Whose(unit="unit-school"), ["assignment-2"]),
        (Whose(), ["assignment-1", "visit-1", "assignment-2"]),
        (Whose("volunteer-nobody"), []),
    ],
)
def test_work_is_whose_it_is_by_its_start(whose: Whose, items: list[str]) -> None:
    assert [work[0] for _, work in work_of([visited()], whose, HERE, DAY, DAY)] == items


def test_work_of_other_days_and_communities_is_left_out() -> None:
    assert work_of([visited()], Whose(), HERE, "2026-11-26") == []
    assert work_of([visited()], Whose(), HERE, "2026-11-20", "2026-11-24") == []
    assert len(work_of([visited()], Whose(), HERE, "2026-11-20")) == 3
    assert work_of([visited()], Whose(), frozenset({"tangdan"}), DAY) == []


def test_an_assignment_of_which_a_visit_is_planned_is_said_once() -> None:
    work = work_of([visited()], Whose(), HERE, DAY)
    assert [each[0] for _, each in once(work)] == ["visit-1", "assignment-2"]


def test_a_calendar_says_the_same_under_the_same_ids() -> None:
    work = work_of([visited()], Whose(), HERE, DAY)
    written = calendar_of(once(work), NAMES, at("24T00:00"))
    assert written == calendar_of(once(work), NAMES, at("24T00:00"))
    visit, offer = Calendar.from_ical(written).walk("VEVENT")
    assert [visit["uid"], offer["uid"]] == ["request-1.visit-1@linli", "request-1.assignment-2@linli"]
    assert [visit["status"], offer["status"]] == ["CONFIRMED", "TENTATIVE"]
    assert format_time(visit.decoded("dtstart")) == NINE
    assert format_time(visit.decoded("dtend")) == TEN
    assert visit["summary"] == "助餐, 上门 Meals; at home"
    assert visit["location"] == "shaba-03"


def test_a_service_that_is_not_known_is_named_by_its_id() -> None:
    (_, last) = Calendar.from_ical(
        calendar_of(once(work_of([visited()], Whose(), HERE, DAY)), {}, at("24T00:00"))
    ).walk("VEVENT")
    assert last["summary"] == "service-meals"
