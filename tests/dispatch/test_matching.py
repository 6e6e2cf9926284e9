"""The order of volunteers: what speaks for each, and what the rule that asks by itself makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.domain.eligibility import Candidate, Wanted
from services.dispatch.domain.matching import SKILLED, Known, Ranked, choose, near_grids, rank
from shared.events.registry import Opening, Training
from shared.folds.calendar import Calendar, Duty
from tests.support.candidates import MEI
from tests.support.story import NINE_TO_TEN, at, slot

BO = replace(MEI, id="volunteer-bo", unit="unit-school")
WORK = Wanted(
    NINE_TO_TEN,
    skills=("first-aid", "haircut"),
    training=("home-safety",),
    languages=frozenset({"yi"}),
    grid="shaba-03",
)
SKILLS = ("first-aid", "haircut", "driving")
COURSE = Training(course="home-safety", completed_on="2026-01-05")
EXPIRED = COURSE.model_copy(update={"expires_at": at("20T00:00")})
MORNINGS = tuple(Opening(day=day, opens="08:00", closes="12:00") for day in ("monday", "wednesday"))
EVENINGS = (Opening(day="wednesday", opens="19:00", closes="24:00"),)
ABLE = replace(MEI, skills=frozenset(SKILLS), trainings=(COURSE,), languages=frozenset({"yi"}))
AT_THAT_TIME = Calendar((Duty("request-9.assignment-1", NINE_TO_TEN),))


def duties(count: int) -> Calendar:
    return Calendar(
        tuple(Duty(f"request-{n}.assignment-1", slot(f"26T{n:02}:00", f"26T{n:02}:30")) for n in range(count))
    )


candidates = st.lists(
    st.builds(
        Candidate,
        id=st.integers(0, 30).map(lambda number: f"volunteer-{number:02}"),
        community=st.just("shaba"),
        unit=st.sampled_from(["unit-1", "unit-2"]),
        team=st.sampled_from(["residents", "veterans"]),
        skills=st.frozensets(st.sampled_from(SKILLS)),
        languages=st.frozensets(st.sampled_from(["yi", "zh"])),
        trainings=st.sampled_from([(), (COURSE,), (EXPIRED,)]),
        availability=st.sampled_from([(), MORNINGS, EVENINGS]),
        load_cap=st.sampled_from([None, 1, 3]),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda candidate: candidate.id,
)


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[Candidate], Known]:
    """Volunteers, and what is known of them."""
    found = draw(candidates)
    some = st.frozensets(st.sampled_from([each.id for each in found]))
    calendar = st.one_of(st.integers(0, 4).map(duties), st.just(AT_THAT_TIME))
    return found, Known(
        calendars={id: (draw(calendar),) for id in sorted(draw(some))},
        visited=dict.fromkeys(draw(some), "2026-11-01"),
        grids={
            id: draw(st.sampled_from([["shaba-03"], ["shaba-04"], ["shaba-09"]])) for id in sorted(draw(some))
        },
        asked=draw(some),
        declined=draw(some),
        first_choice=draw(st.one_of(st.none(), some.map(lambda ids: min(ids, default=None)))),
    )


def order(ranked: Sequence[Ranked]) -> list[str]:
    return [each.candidate.id for each in ranked]


def place(ranked: Sequence[Ranked], id: str) -> int:
    return order(ranked).index(id)


def reasons(ranked: Ranked) -> dict[str, dict[str, object]]:
    return {each.code: dict(each.facts) for each in ranked.reasons}


@given(situations())
def test_who_can_be_placed_never_comes_behind_who_cannot(situation: tuple[list[Candidate], Known]) -> None:
    ranked = rank(WORK, *situation)
    assert sorted(order(ranked)) == sorted(each.id for each in situation[0])
    eligible = [each.eligible for each in ranked]
    assert eligible == sorted(eligible, reverse=True)
    for each in ranked:
        assert each.eligible == (not any(lack.hard for lack in each.shortfalls))


@given(situations())
def test_among_equals_the_score_decides_and_then_the_id(situation: tuple[list[Candidate], Known]) -> None:
    ranked = rank(WORK, *situation)
    keys = [(not each.eligible, -each.score, each.candidate.id) for each in ranked]
    assert keys == sorted(keys)


@given(situations(), st.randoms())
def test_the_order_of_what_is_given_changes_nothing(
    situation: tuple[list[Candidate], Known], random: Random
) -> None:
    found, known = situation
    mixed = random.sample(found, len(found))
    assert rank(WORK, mixed, known) == rank(WORK, found, known)


@given(situations(), st.data())
def test_one_skill_more_never_lowers_a_rank(
    situation: tuple[list[Candidate], Known], data: st.DataObject
) -> None:
    found, known = situation
    one = data.draw(st.sampled_from(found))
    skill = data.draw(st.sampled_from(SKILLS))
    after = [replace(each, skills=each.skills | {skill}) if each is one else each for each in found]
    assert place(rank(WORK, after, known), one.id) <= place(rank(WORK, found, known), one.id)


@given(situations(), st.data())
def test_a_duty_more_or_a_declined_request_never_raises_a_rank(
    situation: tuple[list[Candidate], Known], data: st.DataObject
) -> None:
    found, known = situation
    one = data.draw(st.sampled_from(found))
    before = place(rank(WORK, found, known), one.id)
    more = Calendar((*(known.calendars.get(one.id, (Calendar(),))[0].duties), *duties(1).duties))
    busier = replace(known, calendars={**known.calendars, one.id: (more,)})
    declined = replace(known, declined={*known.declined, one.id})
    for worse in (busier, declined):
        assert place(rank(WORK, found, worse), one.id) >= before


@given(situations(), st.data())
def test_what_speaks_for_somebody_never_lowers_a_rank(
    situation: tuple[list[Candidate], Known], data: st.DataObject
) -> None:
    found, known = situation
    one = data.draw(st.sampled_from(found))
    before = place(rank(WORK, found, known), one.id)
    for better in (
        replace(known, visited={**known.visited, one.id: "2026-11-02"}),
        replace(known, grids={**known.grids, one.id: ["shaba-03"]}),
        replace(known, first_choice=one.id),
    ):
        assert place(rank(WORK, found, better), one.id) <= before


@given(situations())
def test_whoever_declined_comes_behind_an_equal_who_did_not(situation: tuple[list[Candidate], Known]) -> None:
    found, known = situation
    # The id that comes first loses nothing by its name alone.
    twin = replace(found[0], id="volunteer-99")
    declined = replace(
        known,
        calendars={**known.calendars, twin.id: known.calendars.get(found[0].id, ())},
        visited={**known.visited, **({twin.id: "2026-11-01"} if found[0].id in known.visited else {})},
        grids={**known.grids, twin.id: known.grids.get(found[0].id, ())},
        asked=frozenset[str](),
        declined={found[0].id},
        first_choice=None,
    )
    ranked = rank(WORK, [*found, twin], declined)
    assert place(ranked, twin.id) < place(ranked, found[0].id)


@given(situations())
def test_the_rule_asks_the_first_who_lacks_nothing(situation: tuple[list[Candidate], Known]) -> None:
    ranked = rank(WORK, *situation)
    chosen = choose(ranked)
    lacking_nothing = [each for each in ranked if not each.shortfalls]
    assert chosen == (lacking_nothing[0] if lacking_nothing else None)
    if chosen is not None:
        assert chosen.eligible
        assert chosen.candidate.id not in situation[1].declined
        assert chosen.candidate.id not in situation[1].asked


def test_all_that_speaks_for_a_volunteer_is_said() -> None:
    known = Known(
        calendars={MEI.id: (duties(2),)},
        visited={MEI.id: "2026-11-03"},
        grids={MEI.id: ["shaba-03", "shaba-04"]},
        first_choice=MEI.id,
    )
    (found,) = rank(WORK, [replace(ABLE, availability=MORNINGS)], known)
    assert reasons(found) == {
        "skills": {"skills": ["first-aid", "haircut"]},
        "trained": {"courses": ["home-safety"]},
        "common-language": {"languages": ["yi"]},
        "free": {},
        "first-choice": {},
        "visited-before": {"last": "2026-11-03"},
        "same-grid": {"grid": "shaba-03"},
        "load": {"load": 2},
    }
    assert (found.eligible, found.shortfalls) == (True, ())
    assert found.score == 30 + 0 + 15 + 5 + 40 + 25 + 10 - 4 == sum(each.points for each in found.reasons)


def test_where_nothing_is_known_nothing_is_said() -> None:
    (found,) = rank(Wanted(NINE_TO_TEN), [MEI], Known())
    assert (found.reasons, found.score, found.shortfalls) == ((), 0, ())


def test_a_near_grid_counts_less_than_the_same() -> None:
    known = Known(grids={MEI.id: ["shaba-04"], BO.id: ["shaba-03"]})
    work = Wanted(NINE_TO_TEN, grid="shaba-03")
    first, second = rank(work, [MEI, BO], known)
    assert (reasons(first), reasons(second)) == (
        {"same-grid": {"grid": "shaba-03"}},
        {"near-grid": {"grid": "shaba-04"}},
    )


@pytest.mark.parametrize(
    ("grid", "near"),
    [
        ("shaba-03", {"shaba-02", "shaba-04"}),
        ("shaba-09", {"shaba-08", "shaba-10"}),
        ("g0", {"g1"}),
        ("7", {"6", "8"}),
        ("centre", set()),
        (None, set()),
    ],
)
def test_near_are_the_codes_with_neighbouring_numbers(grid: str | None, near: set[str]) -> None:
    assert near_grids(grid) == near


def test_half_of_the_skills_are_half_of_the_points() -> None:
    work = Wanted(NINE_TO_TEN, skills=("first-aid", "haircut"))
    (found,) = rank(work, [replace(MEI, skills=frozenset({"haircut"}))], Known())
    assert found.score == SKILLED // 2
    assert (found.eligible, choose([found])) == (True, None)


def test_whoever_was_asked_and_has_not_answered_is_not_asked_by_rule() -> None:
    found = rank(Wanted(NINE_TO_TEN), [MEI, BO], Known(asked={MEI.id}))
    assert order(found) == [BO.id, MEI.id]
    assert choose(found) == found[0]
    assert choose(found[1:]) is None
    both = rank(Wanted(NINE_TO_TEN), [MEI], Known(asked={MEI.id}, declined={MEI.id}))
    assert [each.code for each in both[0].shortfalls] == ["declined-before"]
