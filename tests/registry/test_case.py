"""The case is whole: what Shaba community says of itself, in a form that a registry can load."""

import json
from collections import Counter
from importlib import resources
from typing import Any

import pytest
from pydantic import ValidationError

from services.registry.case.case import Case, Service, load_case

SHABA = load_case("shaba")


def document() -> dict[str, Any]:
    text = resources.files("services.registry.case").joinpath("shaba.json").read_text(encoding="utf-8")
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def check(case: dict[str, Any]) -> Case:
    return Case.model_validate_json(json.dumps(case))


def service(ending: str) -> Service:
    return next(s for s in SHABA.services if s.id == f"service-{ending}")


def test_the_catalogue_has_more_than_fifty_services() -> None:
    assert len(SHABA.services) > 50


def test_each_category_has_well_over_ten_services() -> None:
    by_category = Counter(s.category for s in SHABA.services)
    assert set(by_category) == {"party-building", "volunteering", "community-service"}
    assert min(by_category.values()) > 12


def test_the_community_has_its_twelve_grids_and_four_teams() -> None:
    assert [grid.id for grid in SHABA.grids] == [f"shaba-{number:02d}" for number in range(1, 13)]
    assert [team.id for team in SHABA.teams] == [
        "party-members",
        "veterans",
        "ethnic-minorities",
        "residents",
    ]


def test_the_units_that_the_case_does_not_name_are_marked_as_added() -> None:
    assert {unit.id for unit in SHABA.units if not unit.added} == {
        "unit-community-office",
        "unit-police-station",
        "unit-health-centre",
        "unit-red-cross",
    }


def test_the_committee_has_two_deputy_secretaries_and_six_members_from_eight_partner_units() -> None:
    assert Counter(seat.seat for seat in SHABA.committee) == {"deputy-secretary": 2, "member": 6}
    holders = {seat.unit for seat in SHABA.committee}
    assert len(holders) == 8
    assert "unit-community-office" not in holders


def test_every_name_is_in_chinese_and_in_english_and_no_two_services_share_one() -> None:
    services = [service.name for service in SHABA.services]
    others = [named.name for named in (SHABA.community, *SHABA.grids, *SHABA.teams, *SHABA.skills)]
    names = [*services, *others, *(unit.name for unit in SHABA.units)]
    assert all(any("\u4e00" <= char <= "\u9fff" for char in name.zh) for name in names)
    assert all(name.en.isascii() for name in names)
    assert len({name.zh for name in services}) == len({name.en for name in services}) == len(services)


def test_every_unit_leads_or_supports_something_and_every_skill_is_asked_for() -> None:
    assert {unit for s in SHABA.services for unit in s.units} == {unit.id for unit in SHABA.units}
    assert {skill for s in SHABA.services for skill in s.skills} == {skill.id for skill in SHABA.skills}


def test_a_health_problem_at_home_brings_the_health_centre_the_red_cross_and_the_police_at_any_hour() -> None:
    help_at_home = service("home-health-help")
    assert help_at_home.units == ("unit-health-centre", "unit-red-cross", "unit-police-station")
    assert (help_at_home.response_minutes, help_at_home.working_hours) == (30, "always")
    assert help_at_home.skills == ("first-aid",)
    assert help_at_home.enters_home


def test_a_watch_area_is_answered_within_a_quarter_of_an_hour_at_any_hour() -> None:
    alert = service("watch-area-alert")
    assert (alert.response_minutes, alert.working_hours) == (15, "always")
    assert alert.response_minutes == min(s.response_minutes for s in SHABA.services)


@pytest.mark.parametrize("name", ["none", "", "Shaba", "../case/shaba", "shaba.json"])
def test_an_unknown_case_is_refused_with_the_names_of_those_there_are(name: str) -> None:
    with pytest.raises(ValueError, match=r"no case named .*; there is: shaba"):
        load_case(name)


@pytest.mark.parametrize("group", ["grids", "units", "teams", "committee", "skills", "services"])
def test_an_id_that_appears_twice_is_refused(group: str) -> None:
    case = document()
    case[group].append(case[group][0])
    with pytest.raises(ValidationError, match="appears twice"):
        check(case)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("lead_unit", "unit-nowhere", "no unit unit-nowhere"),
        ("supporting_units", ["unit-nowhere"], "no unit unit-nowhere"),
        ("skills", ["juggling"], "no skill juggling"),
        ("supporting_units", ["unit-community-office"], "unit-community-office appears twice"),
        ("response_minutes", "30", "valid integer"),
        ("response_minutes", 0, "greater than or equal to 1"),
        ("working_hours", "sometimes", "'always', 'extended' or 'office'"),
        ("price", 5, "Extra inputs are not permitted"),
    ],
)
def test_a_service_that_is_not_sound_is_refused(field: str, value: object, message: str) -> None:
    case = document()
    case["services"][0][field] = value
    with pytest.raises(ValidationError, match=message):
        check(case)


def test_a_seat_is_held_by_a_unit_that_exists() -> None:
    case = document()
    case["committee"][0]["unit"] = "unit-nowhere"
    with pytest.raises(ValidationError, match="no unit unit-nowhere"):
        check(case)


def test_a_loaded_case_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        SHABA.services[0].response_minutes = 1  # type: ignore[misc]
