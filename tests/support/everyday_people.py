"""Paper files are typed in: whole, with trainings, and with somebody who was on record already."""

from __future__ import annotations

from tests.support.client import Client
from tests.support.people import after, put, resident_body, volunteer_body

TIMES: dict[str, object] = {
    "load_cap": 3,
    "availability": [{"day": "sunday", "opens": "09:00", "closes": "24:00"}],
    "exceptions": [{"date": "2026-12-05", "available": False}],
}


async def paper_files(registry: Client) -> None:
    """A volunteer from the invitation on, and a resident, each entered twice and merged."""
    relative = {"name": "王强", "phone": "13800000002"}
    volunteer = volunteer_body(**TIMES, languages=["yi"], email="mei.li@example.org", invited=True)
    resident = resident_body(languages=["zh"], guardian=relative, notes="耳背", phone="13800000001")
    for kind, body in (("volunteers", volunteer), ("residents", resident)):
        first = await put(registry, kind, body)
        path = first.headers["location"]
        if kind == "volunteers":
            assert (await registry.post(f"{path}/activate")).status == 200
            await trainings(registry, path)
        refused = await registry.post(f"/v1/{kind}", body)
        assert (refused.status, refused.body["code"]) == (409, "likely-duplicate")
        second = await put(registry, kind, {**body, "confirmed": True})
        merged = await registry.post(f"{second.headers['location']}/merge", {"into": first.body["id"]})
        assert merged.status == 200, merged.body
        for each in (path, second.headers["location"], f"/v1/{kind}"):
            assert (await after(registry, merged, each)).status == 200
        assert (await registry.get(f"{path}/details", purpose="service")).status == 200
        assert (await registry.post(f"{path}/erasure")).status == 200


async def trainings(registry: Client, path: str) -> None:
    """Two courses are on record, and one of them no longer."""
    for course in ("first-aid", "home-safety"):
        body = {"course": course, "completed_on": "2026-05-20", "expires_at": "2028-05-20T16:00:00Z"}
        assert (await registry.post(f"{path}/trainings", body)).status == 200
    assert (await registry.post(f"{path}/trainings/first-aid/revoke")).status == 200
