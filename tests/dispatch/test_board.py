"""The board, the choice of rows, their orders, and who listens to their changes."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from services.dispatch.agenda import Agenda, days_of
from services.dispatch.board import COLUMNS, board_of
from services.dispatch.choosing import Choice, Word
from services.dispatch.listeners import MOST_OF_ONE, MOST_PENDING, REMEMBERED, Listeners
from services.dispatch.rows import Row
from services.dispatch.shelves import Shelves
from shared.kernel.cloudevent import sequence
from shared.kernel.times import format_time
from tests.support.story import at

NOW = format_time(at("25T01:00"))
ANYBODY = "client-1"
HERE = Choice(communities=frozenset({"shaba"}))


def row(number: int = 1, **other: Any) -> Row:
    """A row as the `number`th that was taken in."""
    facts: dict[str, Any] = {
        "id": f"request-{number}",
        "place": sequence(number, 0),
        "status": "triaged",
        "created_at": format_time(at("24T03:30")),
        "version": 2,
        "channel": "telephone",
        "community": "shaba",
        "service": "service-meals",
        "category": "community-service",
        "grid": "shaba-03",
        "units": ("unit-health-centre", "unit-school"),
        "due": format_time(at("25T04:00")),
    }
    return Row(**{**facts, **other})


NINE, TEN, ELEVEN = (format_time(at(f"25T0{hour}:00")) for hour in (1, 2, 3))
WORKED = (
    ("assignment-1", "volunteer-mei", "unit-health-centre", NINE, TEN, "accepted"),
    ("assignment-2", "volunteer-bo", "unit-school", TEN, ELEVEN, "offered"),
)
GOES: dict[str, Any] = {"volunteers": ("volunteer-mei", "volunteer-bo"), "work": WORKED}


@pytest.mark.parametrize(
    ("choice", "fits"),
    [
        (HERE, True),
        (Choice(frozenset({"tangdan"})), False),
        (replace(HERE, statuses=frozenset({"triaged"})), True),
        (replace(HERE, statuses=frozenset({"received"})), False),
        (replace(HERE, only={"grid": "shaba-03", "volunteers": "volunteer-bo"}), True),
        (replace(HERE, only={"grid": "shaba-04"}), False),
        (replace(HERE, only={"alarms": "breached"}), False),
        (replace(HERE, anyone=frozenset({"volunteer-mei"})), True),
        (replace(HERE, anyone=frozenset()), False),
        (replace(HERE, unit="unit-school"), True),
        (replace(HERE, unit="unit-police"), False),
        (replace(HERE, unit="unit-school", only={"volunteers": "volunteer-bo"}), True),
        (replace(HERE, unit="unit-school", only={"volunteers": "volunteer-mei"}), False),
        (replace(HERE, due_before="2026-11-25T04:00:00.000Z"), False),
        (replace(HERE, due_before="2026-11-25T04:00:00.001Z"), True),
        (replace(HERE, due_after="2026-11-25T04:00:00.000Z"), True),
        (replace(HERE, due_after="2026-11-25T04:00:00.001Z"), False),
        (replace(HERE, words=[Word("上门", frozenset({"service-meals"})), Word("shaba-03")]), True),
        (replace(HERE, words=[Word("quest-1")]), True),
        (replace(HERE, words=[Word("community"), Word("nowhere")]), False),
    ],
)
def test_a_choice_takes_what_it_says(choice: Choice, fits: bool) -> None:
    assert choice.fits(row(**GOES)) is fits


def test_what_has_no_due_time_is_due_neither_before_nor_after_any() -> None:
    nothing = row(due=None)
    assert not replace(HERE, due_before="2999-01-01T00:00:00.000Z").fits(nothing)
    assert not replace(HERE, due_after="1970-01-01T00:00:00.000Z").fits(nothing)


def test_rows_are_in_both_orders_however_they_were_moved() -> None:
    random, shelves, rows = Random(7), Shelves(), [row(number) for number in range(1, 200)]
    for each in rows:
        shelves.move(each, None)
    for _ in range(2_000):
        each = random.choice(rows)
        before = replace(each)
        each.status = random.choice(COLUMNS)
        each.due = random.choice([None, *(format_time(at(f"2{day}T01:00")) for day in range(3, 9))])
        shelves.move(each, before)
    for statuses in (COLUMNS, ("triaged", "on-hold"), ("received",), ()):
        there = [each for each in rows if each.status in statuses]
        assert [each for _, each in shelves.of(statuses, "created")] == there
        by_due = sorted(there, key=lambda each: (each.due or "~", each.place))
        assert [each for _, each in shelves.of(statuses, "due")] == by_due
        for cut, (key, _) in enumerate(shelves.of(statuses, "due"), start=1):
            assert [each for _, each in shelves.of(statuses, "due", key)] == by_due[cut:]


def test_the_board_counts_all_and_shows_the_first_by_due() -> None:
    early, late = format_time(at("25T00:30")), format_time(at("26T00:00"))
    clock = (("sla-breached", "", early),)
    shelves = Shelves()
    for each in (
        row(1, status="received", due=None),
        row(2, due=late),
        row(3, due=early, clock=clock),
        row(4, due=early, alarms=("breached", "escalated")),
        row(5, due=early, community="tangdan"),
        row(6, status="resolved", due=early),
        row(7, status="closed", due=early),
    ):
        shelves.move(each, None)
    board = board_of((found for _, found in shelves.of(COLUMNS, "due")), HERE, 2, NOW)
    counts = {status: some.count for status, some in board.columns.items()}
    assert counts == {**dict.fromkeys(COLUMNS, 0), "received": 1, "triaged": 3, "resolved": 1}
    assert [each.id for each in board.columns["triaged"].rows] == ["request-3", "request-4"]
    assert {alarm: some.count for alarm, some in board.alarms.items()} == {"breached": 1, "escalated": 1}
    assert [each.id for each in board.overdue.rows] == ["request-3", "request-4"]
    before = board_of((found for _, found in shelves.of(COLUMNS, "due")), HERE, 2, "2026-11-24T00:00:00.000Z")
    assert [each.id for each in before.overdue.rows] == ["request-4"]


def test_a_day_is_one_of_china_and_ends_before_the_next() -> None:
    assert [*days_of("2026-11-24T15:00:00.000Z", "2026-11-24T16:00:00.000Z")] == ["2026-11-24"]
    assert [*days_of("2026-11-24T15:00:00.000Z", "2026-11-24T16:00:00.001Z")] == ["2026-11-24", "2026-11-25"]


def test_a_row_is_on_the_days_of_its_work_and_on_no_others() -> None:
    agenda, each = Agenda(), row(**GOES)
    agenda.move(each, None)
    assert agenda.between("2026-11-25", "2026-11-25") == agenda.between("2026-11-01", None) == [each]
    assert agenda.between("2026-11-26", None) == []
    before = replace(each)
    each.work = (("visit-1", "volunteer-mei", "unit-1", *_hour("2026-12-01"), "scheduled"),)
    agenda.move(each, before)
    assert agenda.between("2026-11-25", "2026-11-30") == []
    assert agenda.between("2026-12-01", "2026-12-01") == [each]


def _hour(day: str) -> tuple[str, str]:
    return f"{day}T01:00:00.000Z", f"{day}T02:00:00.000Z"


def listening() -> Listeners:
    return Listeners(lambda: sequence(7, 0))


def test_a_listener_is_told_of_what_is_on_its_board_or_was() -> None:
    listeners = listening()
    listener, known = listeners.open(ANYBODY, replace(HERE, only={"grid": "shaba-03"}), None)
    assert known
    listeners.happened(row(1), None, sequence(8, 0))
    listeners.happened(row(1, version=3), row(1), sequence(9, 0))
    listeners.happened(row(2, grid="shaba-04"), None, sequence(10, 0))
    listeners.happened(row(3, grid="shaba-04"), row(3), sequence(11, 0))
    assert listener.taken() == (["request-1", "request-3"], sequence(11, 0))
    assert listener.taken() == ([], sequence(11, 0))


def test_a_listener_goes_on_from_where_it_was_cut_off() -> None:
    listeners = listening()
    for number in range(1, 5):
        listeners.happened(row(number), None, sequence(number, 0))
    listener, known = listeners.open(ANYBODY, HERE, sequence(2, 0))
    assert known
    assert listener.taken()[0] == ["request-3", "request-4"]


def test_who_goes_on_hears_of_nothing_that_was_never_on_its_board() -> None:
    listeners = listening()
    listeners.happened(row(1), None, sequence(1, 0))
    listeners.happened(row(2, grid="shaba-04"), None, sequence(2, 0))
    listeners.happened(row(3, grid="shaba-04"), row(3), sequence(3, 0))
    listeners.happened(row(4, community="tangdan"), None, sequence(4, 0))
    listener, known = listeners.open(ANYBODY, replace(HERE, only={"grid": "shaba-03"}), sequence(1, 0))
    assert (known, listener.taken()[0]) == (True, ["request-3"])


@pytest.mark.parametrize("after", [sequence(0, 0), sequence(99, 0), "nonsense"])
def test_a_place_that_is_not_remembered_is_not_known(after: str) -> None:
    listeners = listening()
    listeners.happened(row(1), None, sequence(8, 0))
    assert not listeners.open(ANYBODY, HERE, after)[1]
    assert listeners.open(ANYBODY, HERE, sequence(7, 0))[1]


def test_what_is_long_ago_is_not_remembered() -> None:
    listeners = listening()
    for number in range(1, REMEMBERED + 3):
        listeners.happened(row(number), None, sequence(number, 0))
    assert not listeners.open(ANYBODY, HERE, sequence(2, 0))[1]
    assert listeners.open(ANYBODY, HERE, sequence(3, 0))[1]


def test_a_listener_that_does_not_read_is_dropped_and_told_so() -> None:
    listeners = listening()
    idle, _ = listeners.open(ANYBODY, HERE, None)
    awake, _ = listeners.open(ANYBODY, HERE, None)
    for number in range(1, MOST_PENDING + 2):
        listeners.happened(row(number), None, sequence(number, 0))
        awake.taken()
    assert (idle.lost, awake.lost, len(listeners)) == (True, False, 1)
    assert idle.woken.is_set()
    listeners.close(awake)
    assert len(listeners) == 0


def test_after_a_rebuild_everybody_loads_the_board_anew() -> None:
    listeners = listening()
    listener, _ = listeners.open(ANYBODY, HERE, None)
    listeners.lose_all()
    assert listener.lost
    assert len(listeners) == 0


def test_a_client_listens_so_often_and_no_more() -> None:
    listeners = listening()
    opened = [listeners.open(ANYBODY, HERE, None)[0] for _ in range(MOST_OF_ONE)]
    assert not listeners.has_room_for(ANYBODY)
    assert listeners.has_room_for("client-2")
    listeners.close(opened[0])
    assert listeners.has_room_for(ANYBODY)
