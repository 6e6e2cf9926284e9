"""When volunteers are taken, and whom and where they have visited, is what dispatch's own log says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest

from services.dispatch.duties import KEPT, LATELY, Duties
from shared.events.dispatch import (
    DutyBooked,
    DutyFreed,
    RequestAmended,
    RequestClosed,
    RequestCreated,
    RequestReopened,
    Slot,
    VisitCompleted,
)
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.event import Event
from tests.support.entering import BEGUN, Told
from tests.support.story import NINE_TO_TEN, TEN_TO_ELEVEN, at, slot

MEI, BO, WANG, LI = "volunteer-mei", "volunteer-bo", "resident-wang", "resident-li"
MEIS_WEEK = "calendar-volunteer-mei-2026-w48"
TERMS = {
    "community": "shaba",
    "units": ("unit-1",),
    "service": "service-1",
    "category": "volunteering",
    "grid": "shaba-03",
}
OVER_MIDNIGHT_ON_SUNDAY = slot("29T23:00", "30T01:00")


def created(resident: str | None = WANG) -> RequestCreated:
    return RequestCreated.model_validate(
        {
            **TERMS,
            "resident": resident,
            "channel": "telephone",
            "response_minutes": 30,
            "working_hours": "always",
            "skills": (),
            "basis": "registry@1",
        }
    )


def booked(duty: str, time: Slot, volunteer: str = MEI) -> DutyBooked:
    return DutyBooked.model_validate(
        {**TERMS, "volunteer": volunteer, "unit": "unit-1", "duty": duty, "slot": time}
    )


def freed(duty: str, time: Slot, volunteer: str = MEI) -> DutyFreed:
    return DutyFreed.model_validate(
        {**TERMS, "volunteer": volunteer, "unit": "unit-1", "duty": duty, "slot": time}
    )


def visited(
    volunteer: str = MEI, day: str = "24", contact: bool = True, grid: str = "shaba-03"
) -> VisitCompleted:
    said = {
        **TERMS,
        "grid": grid,
        "visit": "request-1.visit-1",
        "volunteer": volunteer,
        "unit": "unit-1",
        "outcome": "done",
        "contact_made": contact,
        "started_at": at(f"{day}T01:00"),
        "ended_at": at(f"{day}T02:00"),
    }
    return VisitCompleted.model_validate(said)


def closed() -> RequestClosed:
    return RequestClosed.model_validate({**TERMS, "reason": "rated"})


def reopened() -> RequestReopened:
    times = {"due": at("28T00:00"), "warn_at": at("27T00:00")}
    return RequestReopened.model_validate({**TERMS, **times, "reason": "not-solved"})


@pytest.fixture
def told() -> Told:
    """The log, on the morning of the 25th of November."""
    return on("25T00:00")


def on(moment: str) -> Told:
    return Told(commits=(at(moment) - BEGUN) // timedelta(minutes=1))


def pass_time(told: Told, by: timedelta) -> None:
    told.commits += by // timedelta(minutes=1)


async def heard(events: Sequence[CloudEvent]) -> Duties:
    view = Duties()
    await view.follow(events)
    return view


def said(view: Duties, *times: Slot) -> object:
    """All that can be asked of a view."""
    return (
        [view.calendars([MEI, BO], time) for time in (NINE_TO_TEN, OVER_MIDNIGHT_ON_SUNDAY, *times)],
        [dict(view.visited(resident)) for resident in (WANG, LI)],
        {volunteer: sorted(grids) for volunteer, grids in view.grids([MEI, BO], at("25T00:00")).items()},
    )


def history(told: Told) -> list[CloudEvent]:
    events: tuple[tuple[str, Event], ...] = (
        ("request-1", created()),
        (MEIS_WEEK, booked("request-1.assignment-1", NINE_TO_TEN)),
        (MEIS_WEEK, booked("request-2.assignment-1", TEN_TO_ELEVEN)),
        ("request-1", visited()),
        (MEIS_WEEK, freed("request-2.assignment-1", TEN_TO_ELEVEN)),
        ("request-1", visited(BO, contact=False)),
        ("request-2", created(None)),
        ("request-2", visited(BO, grid="shaba-04")),
        ("request-1", closed()),
        ("request-1", reopened()),
        ("request-1", visited(BO, "25")),
    )
    return told.history(*events)


async def test_a_duty_is_there_from_its_booking_until_it_is_freed(told: Told) -> None:
    view = await heard(told.say((MEIS_WEEK, booked("request-1.assignment-1", NINE_TO_TEN))))
    [calendar] = view.calendars([MEI, BO], TEN_TO_ELEVEN)[MEI]
    assert [(duty.id, duty.slot) for duty in calendar.duties] == [("request-1.assignment-1", NINE_TO_TEN)]
    assert BO not in view.calendars([MEI, BO], NINE_TO_TEN)
    assert view.calendars([BO], NINE_TO_TEN) == {}
    await view.follow(told.say((MEIS_WEEK, freed("request-1.assignment-1", NINE_TO_TEN))))
    assert [calendar.duties for calendar in view.calendars([MEI], NINE_TO_TEN)[MEI]] == [()]


async def test_a_slot_over_the_weeks_end_is_in_two_calendars(told: Told) -> None:
    duty = booked("request-1.assignment-1", OVER_MIDNIGHT_ON_SUNDAY)
    view = await heard(told.say((MEIS_WEEK, duty), ("calendar-volunteer-mei-2026-w49", duty)))
    assert len(view.calendars([MEI], OVER_MIDNIGHT_ON_SUNDAY)[MEI]) == 2
    assert len(view.calendars([MEI], NINE_TO_TEN)[MEI]) == 1


async def test_who_has_met_a_resident_is_known_by_the_last_day(told: Told) -> None:
    view = await heard(told.history(("request-1", created()), ("request-1", visited(day="20"))))
    assert view.visited(WANG) == {MEI: "2026-11-20"}
    assert view.visited(LI) == {}
    await view.follow(told.history(("request-2", created()), ("request-2", visited(day="24"))))
    await view.follow(told.say(("request-1", visited(day="19"))))
    await view.follow(told.say(("request-1", visited(BO, contact=False))))
    assert view.visited(WANG) == {MEI: "2026-11-24"}


async def test_whom_a_request_is_about_can_be_corrected(told: Told) -> None:
    amended = RequestAmended.model_validate({**TERMS, "resident": LI})
    view = await heard(
        told.history(("request-1", created()), ("request-1", amended), ("request-1", visited()))
    )
    assert (view.visited(WANG), view.visited(LI)) == ({}, {MEI: "2026-11-24"})


async def test_a_request_that_is_reopened_is_still_known(told: Told) -> None:
    view = await heard(told.history(("request-1", created()), ("request-1", closed())))
    pass_time(told, KEPT - timedelta(days=1))
    await view.follow(told.say(("request-1", reopened())))
    pass_time(told, 2 * KEPT)
    await view.follow(told.history(("request-9", created(None)), ("request-1", visited())))
    assert view.visited(WANG) == {MEI: "2026-11-24"}


async def test_grids_count_for_a_while(told: Told) -> None:
    events = (("request-1", created(None)), ("request-1", visited()), ("request-1", visited(grid="shaba-05")))
    view = await heard(told.history(*events))
    assert sorted(view.grids([MEI, BO], at("25T00:00"))[MEI]) == ["shaba-03", "shaba-05"]
    assert view.grids([MEI], at("25T00:00") + LATELY)[MEI] == []


async def test_what_is_long_ago_is_dropped(told: Told) -> None:
    events = (
        ("request-1", created()),
        (MEIS_WEEK, booked("request-1.assignment-1", NINE_TO_TEN)),
        ("request-1", visited()),
        ("request-1", closed()),
    )
    view = await heard(told.history(*events))
    pass_time(told, KEPT + timedelta(days=7))
    await view.follow(told.say(("request-2", created(None))))
    kinds = [row[0] for row in view.rows()]  # type: ignore[index]
    assert kinds == ["visited", "grids"]
    # What comes late of such a week does not bring a part of it back.
    await view.follow(told.say((MEIS_WEEK, freed("request-1.assignment-1", NINE_TO_TEN))))
    assert view.calendars([MEI], NINE_TO_TEN) == {}
    pass_time(told, LATELY)
    await view.follow(told.say(("request-3", created(None))))
    assert list(view.rows()) == [["visited", WANG, {MEI: "2026-11-24"}], ["grids", MEI, {}]]


async def test_one_by_one_or_again_is_the_same_as_all_at_once(told: Told) -> None:
    events = history(told)
    once = await heard(events)
    assert said(once) == (
        [{MEI: once.calendars([MEI], NINE_TO_TEN)[MEI]}] * 2,
        [{MEI: "2026-11-24", BO: "2026-11-25"}, {}],
        {MEI: ["shaba-03"], BO: ["shaba-03", "shaba-04"]},
    )
    singly = Duties()
    for event in events:
        await singly.follow([event])
    assert list(singly.rows()) == list(once.rows())
    await singly.follow(events)
    assert said(singly) == said(once)


@pytest.mark.parametrize("length", range(12))
async def test_a_restored_view_goes_on_as_if_it_had_never_ended(told: Told, length: int) -> None:
    events = history(told)
    view = await heard(events[:length])
    restored = Duties()
    restored.restore(json.loads(json.dumps(list(view.rows()))))
    assert said(restored) == said(view)
    for each in (view, restored):
        await each.follow(events[max(length - 2, 0) :])  # a snapshot may have more than its place says
    assert said(restored) == said(view)
    assert list(restored.rows()) == list(view.rows())
