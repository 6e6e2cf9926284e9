"""The demo's people: the case's shares to the person, and the same people every time."""

import re
from collections import Counter, defaultdict
from hashlib import sha256

import pytest

from deploy.demo.population import Flag, Person, Tier, population, tier_of, volunteers
from services.registry.case.case import Service, load_case

SHABA = load_case("shaba")
PEOPLE = population()
VOLUNTEERS = volunteers()


def over_sixty(people: list[Person]) -> list[Person]:
    return [p for p in people if "over-sixty" in p.flags]


def vulnerable(people: list[Person]) -> list[Person]:
    return [p for p in people if {"low-income", "disabled"} & set(p.flags)]


def homes() -> list[list[Person]]:
    by_address: dict[str, list[Person]] = defaultdict(list)
    for person in PEOPLE:
        by_address[person.address].append(person)
    return list(by_address.values())


def test_the_community_has_its_3879_residents() -> None:
    assert len(PEOPLE) == 3879


@pytest.mark.parametrize("size", [0, 1, 2, 3, 10, 99, 1000, 3879, 12_000])
def test_the_shares_are_exact_at_every_size(size: int) -> None:
    people = population(size)
    assert len(people) == size
    assert len(over_sixty(people)) == round(size * 0.20)
    assert len(vulnerable(people)) == round(size * 0.14)


def test_over_sixty_is_what_the_age_says() -> None:
    assert over_sixty(PEOPLE) == [p for p in PEOPLE if p.age >= 60]


def test_most_of_the_elderly_live_alone_or_in_an_empty_nest() -> None:
    elders = over_sixty(PEOPLE)
    assert sum(bool({"lives-alone", "empty-nest"} & set(p.flags)) for p in elders) > len(elders) / 2


def test_who_lives_alone_shares_the_address_with_nobody() -> None:
    for home in homes():
        assert all(("lives-alone" in person.flags) == (len(home) == 1) for person in home)


def test_an_empty_nest_has_nobody_under_sixty_in_it() -> None:
    for home in homes():
        assert all(("empty-nest" in person.flags) == (min(p.age for p in home) >= 60) for person in home)


def test_no_child_lives_without_an_adult() -> None:
    assert all(max(person.age for person in home) >= 25 for home in homes())


def test_the_same_seed_makes_the_same_people() -> None:
    assert population(500, 7) == population(500, 7)
    assert volunteers(7) == volunteers(7)


def test_another_seed_makes_other_people() -> None:
    assert population(500, 7) != population(500, 8)
    assert volunteers(7) != volunteers(8)


def test_every_version_of_python_makes_these_very_people() -> None:
    # Follows from the generator: when that is changed on purpose, so is this.
    digest = sha256(repr((PEOPLE, VOLUNTEERS)).encode()).hexdigest()
    assert digest == "8f2cd761eb6e3f62dee3510e0ffcbfb5573831a4b184bbb32d6c485aecdbf870"


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        population(-1)


def test_every_grid_is_inhabited_and_none_is_crowded() -> None:
    by_grid = Counter(p.grid for p in PEOPLE)
    assert set(by_grid) == {grid.id for grid in SHABA.grids}
    assert max(by_grid.values()) < 1.5 * min(by_grid.values())


def test_an_address_lies_in_its_grid() -> None:
    names = {grid.id: grid.name.zh for grid in SHABA.grids}
    for person in PEOPLE:
        pattern = rf"东川区铜都街道{names[person.grid]}\d+栋[1-3]单元[1-6]0[12]室"
        assert re.fullmatch(pattern, person.address)


def test_telephone_numbers_are_invented_and_no_two_grown_ups_share_one() -> None:
    grown = [p.phone for p in PEOPLE if p.age >= 12]
    assert len(set(grown)) == len(grown)
    assert all(re.fullmatch(r"1380000\d{4}", p.phone) for p in PEOPLE)
    assert all(re.fullmatch(r"1390000\d{4}", v.phone) for v in VOLUNTEERS)


def test_names_are_chinese_and_some_residents_are_spoken_to_in_a_language_of_their_own() -> None:
    names = [p.name for p in PEOPLE] + [v.name for v in VOLUNTEERS]
    assert all(re.fullmatch(r"[\u4e00-\u9fff]{2,4}", name) for name in names)
    languages = Counter(p.language for p in PEOPLE)
    assert set(languages) == {"zh", "ii", "hmn"}
    assert languages["zh"] > 0.9 * len(PEOPLE)


@pytest.mark.parametrize(
    ("age", "flags", "tier"),
    [
        (80, ("over-sixty", "empty-nest", "lives-alone"), "high"),
        (79, ("over-sixty", "empty-nest", "lives-alone"), "key"),
        (61, ("over-sixty", "empty-nest", "lives-alone", "low-income"), "high"),
        (40, ("lives-alone", "disabled"), "high"),
        (40, ("lives-alone", "low-income"), "key"),
        (40, ("disabled",), "key"),
        (90, ("over-sixty", "empty-nest"), "key"),
        (90, ("over-sixty",), "general"),
        (40, ("lives-alone",), "general"),
        (40, (), "general"),
    ],
)
def test_the_tier_follows_from_age_and_flags(age: int, flags: tuple[Flag, ...], tier: Tier) -> None:
    assert tier_of(age, flags) == tier


def test_every_tier_has_people_and_most_are_general() -> None:
    tiers = Counter(p.tier for p in PEOPLE)
    assert 0 < tiers["high"] < tiers["key"] < tiers["general"]
    assert all(p.tier == tier_of(p.age, p.flags) for p in PEOPLE)


def test_forty_volunteers_stand_in_all_four_teams_and_all_units() -> None:
    assert len(VOLUNTEERS) == 40
    assert {v.team for v in VOLUNTEERS} == {team.id for team in SHABA.teams}
    assert {v.unit for v in VOLUNTEERS} == {unit.id for unit in SHABA.units}
    assert len({v.name for v in VOLUNTEERS}) == len({v.phone for v in VOLUNTEERS}) == 40


def test_every_skill_that_a_service_asks_for_is_held_by_two_volunteers_and_none_is_unknown() -> None:
    held = Counter(skill for v in VOLUNTEERS for skill in v.skills)
    assert set(held) == {skill.id for skill in SHABA.skills}
    assert all(held[skill] >= 2 for service in SHABA.services for skill in service.skills)


@pytest.mark.parametrize("service", SHABA.services, ids=lambda service: service.id)
def test_each_service_finds_a_volunteer_with_all_its_skills_in_its_own_units(service: Service) -> None:
    assert any(v.unit in service.units and set(service.skills) <= set(v.skills) for v in VOLUNTEERS)


def test_who_interprets_yi_speaks_it() -> None:
    assert all(("ii" in v.languages) == ("mandarin-yi" in v.skills) for v in VOLUNTEERS)
