"""Somebody is looked for who could go."""

from __future__ import annotations

from tests.support.community import Community, slot
from tests.support.people import after, put, resident_body, volunteer_body


async def matching(shaba: Community) -> None:
    """For a resident's request: by all that can speak for a volunteer, and by what one lacks."""
    registry, desk = shaba.admin["registry"], shaba.staff["dispatch"]
    name = {"zh": "上门", "en": "At home"}
    wanted = {"skills": ["first-aid", "haircut"], "training": ["home-safety"], "matching": "auto"}
    terms = {"category": "volunteering", "lead_unit": "unit-health-centre", "response_minutes": 60}
    service = await registry.post("/v1/services", {"name": name, **terms, **wanted})
    assert (await after(registry, service, service.headers["location"])).body["matching"] == "auto"
    volunteer = await put(registry, "volunteers", volunteer_body(languages=["yi"], load_cap=3))
    resident = await put(registry, "residents", resident_body(languages=["yi"]))
    await shaba.dispatch_has(resident)
    id = await shaba.request(service=str(service.body["id"]), resident=str(resident.body["id"]))
    found = await desk.get(f"/v1/requests/{id}/candidates", limit="200", **slot(2))
    assert found.status == 200, found.body
    assert str(volunteer.body["id"]) in {item["volunteer"] for item in found.body["items"]}
    assert (await desk.get(f"/v1/requests/{id}/candidates")).status == 200
