"""The plan of the demo's day: the same every time, and one that fits the case."""

from datetime import UTC, datetime, timedelta

import pytest

from deploy.demo.day import HOURS, OFFICE, Minutes, Offer, Wish, next_working_day, plan_day
from deploy.demo.demand import fitting
from deploy.demo.population import population, volunteers
from services.registry.case.case import load_case

SHABA = load_case("shaba")
CATALOGUE = [Offer.model_validate(service.model_dump()) for service in SHABA.services]
OFFERS = {offer.id: offer for offer in CATALOGUE}
PEOPLE = population()
TEAM = volunteers()
PLAN = plan_day(CATALOGUE, PEOPLE, TEAM, 160)


def overlap(one: Minutes, other: Minutes) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def placed() -> list[tuple[int, Minutes, Wish]]:
    """Who goes when, for everything that somebody goes for."""
    return [(wish.volunteers[-1], wish.slot, wish) for wish in PLAN if wish.volunteers]


def test_the_same_day_is_planned_every_time() -> None:
    assert plan_day(list(reversed(CATALOGUE)), population(), volunteers(), 160) == PLAN
    assert plan_day(CATALOGUE, PEOPLE, TEAM, 160, seed=1) != PLAN


def test_the_day_asks_for_services_of_the_case_in_its_grids() -> None:
    assert {wish.service for wish in PLAN} <= OFFERS.keys()
    assert {OFFERS[wish.service].category for wish in PLAN} == {offer.category for offer in CATALOGUE}
    assert {wish.grid for wish in PLAN} == {grid.id for grid in SHABA.grids}


def test_all_teams_and_all_units_have_something_to_do() -> None:
    assert {TEAM[volunteer].team for volunteer, _, _ in placed()} == {team.id for team in SHABA.teams}
    assert {TEAM[volunteer].unit for volunteer, _, _ in placed()} == {unit.id for unit in SHABA.units}


def test_whoever_goes_has_the_skills_and_is_of_a_unit_of_the_service() -> None:
    for wish in PLAN:
        assert all(OFFERS[wish.service].takes(TEAM[volunteer]) for volunteer in wish.volunteers)


def test_nobody_is_planned_to_be_in_two_places() -> None:
    everybody = placed()
    for place, (volunteer, slot, _) in enumerate(everybody):
        others = [other for who, other, _ in everybody[:place] if who == volunteer]
        assert not any(overlap(slot, other) for other in others)


def test_some_ask_for_a_volunteer_whose_time_is_taken() -> None:
    clashes = [wish for wish in PLAN if wish.rival is not None]
    assert len(clashes) >= 10
    for wish in clashes:
        rival = PLAN[wish.rival or 0]
        assert rival.number < wish.number
        assert rival.volunteers[-1] == wish.volunteers[0] != wish.volunteers[-1]
        assert overlap(rival.slot, wish.slot)


def test_slots_are_in_the_working_hours_of_the_service() -> None:
    for wish in PLAN:
        opens, closes = HOURS[OFFERS[wish.service].working_hours]
        assert opens <= wish.slot[0] < wish.slot[1] <= closes


def test_whoever_asks_is_somebody_the_service_is_for() -> None:
    assert sum(wish.resident is not None for wish in PLAN) > len(PLAN) / 2
    for wish in PLAN:
        if wish.resident is not None:
            offer, person = OFFERS[wish.service], PEOPLE[wish.resident]
            fits = fitting(offer.id, offer.category, offer.enters_home)
            assert fits is not None
            assert fits(person)
            assert wish.grid == person.grid


def test_visits_are_confirmed_in_every_way_and_some_by_the_volunteers_unit() -> None:
    visited = [wish for wish in PLAN if wish.ending == "visited"]
    assert {wish.visit.method for wish in visited} == {"gps", "qr", "nfc", "telephone", "manual"}
    assert all((wish.visit.reason is not None) == (wish.visit.method == "manual") for wish in visited)
    by_unit = [TEAM[wish.volunteers[-1]].unit for wish in visited if wish.visit.by_unit]
    assert by_unit
    assert OFFICE not in by_unit


@pytest.mark.parametrize(("residents", "requests"), [(60, 12), (200, 200), (3879, 13)])
def test_a_day_of_any_size_can_be_planned(residents: int, requests: int) -> None:
    plan = plan_day(CATALOGUE, population(residents), TEAM, requests)
    assert [wish.number for wish in plan] == list(range(requests))
    assert any(wish.ending == "visited" for wish in plan)


def test_the_next_working_day_is_no_weekend() -> None:
    friday = datetime(2026, 11, 27, 23, 59, tzinfo=UTC)
    assert next_working_day(friday).isoformat() == "2026-11-30"
    assert next_working_day(friday - timedelta(days=1)).isoformat() == "2026-11-27"
