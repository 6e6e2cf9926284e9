"""What an operator can see and do."""

from __future__ import annotations

import pytest

from tests.support.community import SERVICES, Community


@pytest.mark.parametrize("service", SERVICES)
async def test_the_events_of_a_service_are_an_asyncapi_document(shaba: Community, service: str) -> None:
    document = (await shaba.admin[service].get("/v1/asyncapi.json")).body
    types = (await shaba.admin[service].get("/v1/event-types")).body["items"]
    assert document["asyncapi"] == "3.0.0"
    assert set(document["channels"]) == {item["type"] for item in types}
    for name, channel in document["channels"].items():
        assert channel["address"] == f"{service}.{name}"
        assert document["components"]["messages"][name]["payload"]["properties"]["type"]["const"] == name


@pytest.mark.parametrize("service", SERVICES)
async def test_nothing_is_parked_and_a_redrive_of_nothing_is_nothing(shaba: Community, service: str) -> None:
    parked = await shaba.admin[service].get("/v1/parked")
    assert (parked.status, parked.body) == (200, {"items": [], "next": None})
    again = await shaba.admin[service].post("/v1/parked/redrive")
    assert (again.status, again.body) == (200, {"taken": 0, "waiting": 0})
    assert (await shaba.staff[service].post("/v1/parked/redrive")).status == 403
