"""The catalogue as HSDS 3.0 has it: required fields, pages, and what is not public."""

from __future__ import annotations

from typing import Any

import pytest

from services.registry import hsds
from services.registry.public_catalogue import PublicCatalogue
from shared.events.registry import (
    Name,
    ServiceAmended,
    ServicePublished,
    ServiceWithdrawn,
    UnitRegistered,
    UnitRetired,
)
from shared.kernel.canonical import Json, decode_object, encode
from tests.support.entering import Told, shuffled
from tests.support.hsds import faults

UNIT = UnitRegistered(community="shaba", name="东川卫生服务中心", kind="health")
HELP = ServicePublished(
    community="shaba",
    units=("unit-1", "unit-2"),
    name=Name(zh="上门健康服务", en="Health help at home"),
    category="community-service",
    lead_unit="unit-1",
    supporting_units=("unit-2",),
    response_minutes=30,
    working_hours="office",
    skills=("first-aid",),
    enters_home=True,
    training=("hygiene",),
    eligible_tiers=("high",),
    eligible_circumstances=("lives-alone",),
)
INNER = HELP.model_copy(update={"name": Name(zh="内部", en="Inner"), "public": False})
OF_SHABA = {"community": "shaba", "units": ("unit-1",)}


async def catalogue_of(told: Told, *events: tuple[str, object]) -> PublicCatalogue:
    catalogue = PublicCatalogue()
    await catalogue.follow(told.history(*events))  # type: ignore[arg-type]
    return catalogue


async def test_a_service_in_full_holds_to_hsds() -> None:
    catalogue = await catalogue_of(Told(), ("unit-1", UNIT), ("service-1", HELP))
    [entry] = catalogue.services(None, None)
    said = hsds.service(entry, catalogue.units, True)
    assert [*faults("service", said)] == []
    assert (said["name"], said["alternate_name"]) == ("上门健康服务", "Health help at home")
    assert (said["status"], said["assured_date"]) == ("active", "2026-01-01")
    assert said["eligibility_description"] == "for whoever is one of: high, lives-alone"
    whole: Any = said
    [schedule] = whole["schedules"]
    assert (schedule["byday"], schedule["opens_at"]) == ("MO,TU,WE,TH,FR", "08:30+08:00")
    [identifier] = whole["organization"]["organization_identifiers"]
    assert identifier["identifier"] == "unit-1"
    assert "schedules" not in hsds.service(entry, catalogue.units, False)
    assert [*faults("service", hsds.service(entry, catalogue.units, False))] == []


async def test_ids_are_uuids_that_stay_and_lead_back() -> None:
    catalogue = await catalogue_of(Told(), ("unit-1", UNIT), ("service-1", HELP))
    id = hsds.uuid_of("service-1")
    assert id == "6c285791-efc2-58e0-9d1f-81bacabc620c"
    found = catalogue.service(id)
    assert found is not None
    assert found["_id"] == "service-1"
    assert catalogue.service("service-1") is None
    assert [entry["_id"] for entry in catalogue.services(None, hsds.uuid_of("unit-1"))] == ["service-1"]
    assert catalogue.services(None, hsds.uuid_of("unit-2")) == []


async def test_what_is_not_public_is_in_nothing() -> None:
    catalogue = await catalogue_of(Told(), ("unit-1", UNIT), ("service-1", HELP), ("service-2", INNER))
    assert [entry["_id"] for entry in catalogue.services("shaba", None)] == ["service-1"]
    assert catalogue.service(hsds.uuid_of("service-2")) is None
    assert catalogue.services("tangdan", None) == []


async def test_what_ended_is_listed_no_more_and_its_end_is_told() -> None:
    told = Told()
    withdrawn = ServiceWithdrawn.model_validate({**OF_SHABA, "reason": "replaced"})
    retired = UnitRetired.model_validate({**OF_SHABA, "reason": "left"})
    history: list[tuple[str, object]] = [("unit-1", UNIT), ("service-1", HELP), ("service-1", withdrawn)]
    catalogue = await catalogue_of(told, *history, ("unit-1", retired))
    assert catalogue.services(None, None) == catalogue.organizations(None) == []
    entry = catalogue.service(hsds.uuid_of("service-1"))
    assert entry is not None
    assert hsds.service(entry, catalogue.units, True)["status"] == "defunct"
    assert catalogue.organization(hsds.uuid_of("unit-1")) is None


async def test_events_may_come_again_and_a_snapshot_says_the_same() -> None:
    faster = ServiceAmended.model_validate({**OF_SHABA, "response_minutes": 15})
    told = Told().history(("unit-1", UNIT), ("service-1", HELP), ("service-1", faster))
    catalogue = PublicCatalogue()
    for batch in shuffled(told):
        await catalogue.follow(batch)
    restored = PublicCatalogue()
    rows: list[Json] = [decode_object(encode(row)) for row in catalogue.rows()]
    restored.restore(rows)
    assert restored.services(None, None) == catalogue.services(None, None)
    assert restored.organizations(None) == catalogue.organizations(None)
    assert restored.service(hsds.uuid_of("service-1")) is not None
    [entry] = restored.services(None, None)
    assert entry["facts"]["response_minutes"] == 15


@pytest.mark.parametrize(
    ("number", "contents", "first", "last"),
    [(1, ["a", "b"], True, False), (2, ["c"], False, True), (3, [], False, True)],
)
def test_a_page_says_where_it_is(number: int, contents: list[str], first: bool, last: bool) -> None:
    page = hsds.Part(number, 2).of(["a", "b", "c"])
    assert (page["contents"], page["first_page"], page["last_page"]) == (contents, first, last)
    assert (page["total_items"], page["total_pages"], page["size"]) == (3, 2, len(contents))
    assert page["empty"] is (not contents)


def test_a_page_of_nothing_is_the_first_and_the_last() -> None:
    page = hsds.Part(1, 50).of([])
    assert [*faults("page", page)] == []
    assert page["first_page"] is page["last_page"] is page["empty"] is True
