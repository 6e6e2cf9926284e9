"""Services of the catalogue: what is said of them changes, and what is asked for from then on follows."""

from __future__ import annotations

from uuid import uuid4

from tests.support.client import Reply
from tests.support.community import HEALTH, SCHOOL, Community

NAME = {"zh": "理发", "en": "Haircut"}
BODY = {"name": NAME, "category": "volunteering", "lead_unit": HEALTH, "response_minutes": 60}


async def published(shaba: Community, **said: object) -> tuple[str, Reply]:
    """The path of a new service, and the answer to it."""
    reply = await shaba.admin["registry"].post("/v1/services", {**BODY, **said})
    assert reply.status == 201, reply.body
    return reply.headers["location"], reply


async def shown(shaba: Community, path: str, last: Reply) -> dict[str, object]:
    after = {"Linli-After": last.headers["linli-position"]}
    reply = await shaba.admin["registry"].call("GET", path, headers=after)
    assert reply.status == 200, reply.body
    body: dict[str, object] = reply.body
    return body


async def asked_for(shaba: Community, service: str, last: Reply, grid: str = "shaba-03") -> Reply:
    """The answer of dispatch, which has heard of `last`, to a request for `service`."""
    headers = {"Linli-After": last.headers["linli-position"]}
    body = {"service": service, "grid": grid, "channel": "telephone"}
    return await shaba.staff["dispatch"].call("POST", "/v1/requests", body, headers=headers)


async def told(shaba: Community, last: Reply) -> dict[str, object]:
    """The data of the event that was just recorded."""
    service, pos = last.headers["linli-position"].split("@")
    feed = await shaba.admin[service].get("/v1/events", after=str(int(pos) - 1), limit="1")
    data: dict[str, object] = feed.body["items"][0]["data"]
    return data


async def test_training_and_eligibility_are_codes_in_one_order_and_can_be_taken_away(
    shaba: Community,
) -> None:
    path, made = await published(shaba, training=["b", "a", "b"], eligible_tiers=["key", "high"])
    assert (await shown(shaba, path, made))["training"] == ["a", "b"]
    registry = shaba.admin["registry"]
    turned = await registry.patch(path, {"training": ["b", "a"], "eligible_tiers": ["high", "key"]})
    assert (turned.status, turned.headers["etag"]) == (200, '"1"')
    amended = await registry.patch(path, {"training": None, "eligible_circumstances": ["lives-alone"]})
    facts = await shown(shaba, path, amended)
    assert "training" not in facts
    assert facts["eligible_circumstances"] == ["lives-alone"]
    assert (await registry.patch(path, {"training": None})).headers["etag"] == '"2"'


async def test_how_volunteers_are_found_is_said_of_a_service_or_not(shaba: Community) -> None:
    path, made = await published(shaba)
    assert "matching" not in await shown(shaba, path, made)
    assert "matching" not in await told(shaba, made)
    registry = shaba.admin["registry"]
    amended = await registry.patch(path, {"matching": "auto"})
    assert (await shown(shaba, path, amended))["matching"] == "auto"
    assert (await told(shaba, amended))["matching"] == "auto"
    for wrong in ("always", None):
        refused = await registry.patch(path, {"matching": wrong})
        assert (refused.status, refused.body["code"]) == (422, "invalid-request")


async def test_a_service_changes_hands_and_both_units_hear_of_it(shaba: Community) -> None:
    path, _ = await published(shaba, supporting_units=[SCHOOL])
    registry = shaba.admin["registry"]
    amended = await registry.patch(path, {"lead_unit": SCHOOL})
    facts = await shown(shaba, path, amended)
    assert (facts["lead_unit"], facts["supporting_units"]) == (SCHOOL, [])
    assert (await told(shaba, amended))["units"] == [SCHOOL, HEALTH]
    withdrawn = await registry.post(f"{path}/withdraw", {"reason": "replaced"})
    assert await told(shaba, withdrawn) == {"community": "shaba", "units": [SCHOOL], "reason": "replaced"}


async def test_a_unit_that_is_not_there_takes_on_no_service(shaba: Community) -> None:
    registry = shaba.admin["registry"]
    path, _ = await published(shaba)
    unit = await registry.post("/v1/units", {"name": f"走{uuid4().hex[:8]}", "kind": "firm"})
    leaver = str(unit.body["id"])
    assert (await registry.patch(path, {"supporting_units": [leaver]})).status == 200
    assert (await registry.post(f"/v1/units/{leaver}/retire", {"reason": "left"})).status == 200
    for change in ({"lead_unit": "unit-none"}, {"supporting_units": [leaver, "unit-none"]}):
        refused = await registry.patch(path, change)
        assert (refused.status, refused.body["code"]) == (422, "unknown-unit")
    # What the service had already is no obstacle to another change.
    assert (await registry.patch(path, {"response_minutes": 5})).status == 200


async def test_what_is_asked_for_later_follows_the_amended_service(shaba: Community) -> None:
    path, made = await published(shaba, supporting_units=["unit-red-cross"])
    service = path.rpartition("/")[2]
    first = await asked_for(shaba, service, made)
    change = {
        "response_minutes": 15,
        "working_hours": "office",
        "skills": ["first-aid"],
        "supporting_units": [SCHOOL],
    }
    amended = await shaba.admin["registry"].patch(path, change)
    second = await asked_for(shaba, service, amended)
    assert (first.status, second.status) == (201, 201)
    before, after = await told(shaba, first), await told(shaba, second)
    assert (before["units"], before["response_minutes"]) == ([HEALTH, "unit-red-cross"], 60)
    assert after["units"] == [HEALTH, SCHOOL]
    assert {name: after[name] for name in ("response_minutes", "working_hours", "skills")} == {
        name: change[name] for name in ("response_minutes", "working_hours", "skills")
    }


async def test_a_withdrawn_service_cannot_be_asked_for_and_what_was_goes_on(shaba: Community) -> None:
    path, made = await published(shaba)
    service = path.rpartition("/")[2]
    going = await asked_for(shaba, service, made)
    withdrawn = await shaba.admin["registry"].post(f"{path}/withdraw", {"reason": "no-longer-needed"})
    refused = await asked_for(shaba, service, withdrawn)
    assert (refused.status, refused.body["code"]) == (422, "service-withdrawn")
    triaged = await shaba.staff["dispatch"].post(
        f"/v1/requests/{going.body['id']}/triage", {"priority": "urgent"}
    )
    assert triaged.status == 200


async def test_nothing_is_asked_for_in_a_retired_grid(shaba: Community) -> None:
    registry, grid = shaba.admin["registry"], f"g-{uuid4().hex[:8]}"
    _, service = await published(shaba)
    made = await registry.post("/v1/grids", {"grid": grid, "name": NAME})
    assert (await asked_for(shaba, str(service.body["id"]), made, grid)).status == 201
    retired = await registry.post(f"/v1/grids/grid-{grid}/retire", {"reason": "replaced"})
    refused = await asked_for(shaba, str(service.body["id"]), retired, grid)
    assert (refused.status, refused.body["code"]) == (422, "grid-retired")


async def test_a_unit_that_left_hears_of_no_new_request(shaba: Community) -> None:
    registry = shaba.admin["registry"]
    unit = await registry.post("/v1/units", {"name": f"离{uuid4().hex[:8]}", "kind": "firm"})
    _, made = await published(shaba, supporting_units=[str(unit.body["id"]), SCHOOL])
    service = str(made.body["id"])
    first = await asked_for(shaba, service, made)
    retired = await registry.post(f"/v1/units/{unit.body['id']}/retire", {"reason": "left"})
    second = await asked_for(shaba, service, retired)
    assert (await told(shaba, first))["units"] == [HEALTH, unit.body["id"], SCHOOL]
    assert (await told(shaba, second))["units"] == [HEALTH, SCHOOL]
