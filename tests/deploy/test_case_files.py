"""A community moves in by its files: the case, into an installation that has nothing on record."""

from __future__ import annotations

import aiohttp
import pytest

from deploy import case_files
from deploy.stack import PARTS, ephemeral
from services.registry.case.case import load_case
from tests.support.client import Client, access_token
from tests.support.everyday_tables import sent

CASE = load_case("shaba")
FILES = ("units", "services", "facilities", "seats", "agreements", "volunteers", "residents")
"""In the order in which they refer to one another."""


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_what_the_case_says(name: str) -> None:
    kept = (case_files.FOLDER / f"{name}.csv").read_text(encoding="utf-8")
    assert kept == case_files.text(case_files.files()[name])


async def test_the_case_loads_through_its_files() -> None:
    with ephemeral(PARTS, {"registry": {"LINLI_CASE": "none"}}) as stack:
        described = stack.up()
        async with aiohttp.ClientSession() as session:
            address, admin = described.services["registry"], described.admin
            token = await access_token(session, address, admin.client_id, admin.client_secret)
            registry = Client(address, session, token)
            assert (await registry.get("/v1/units")).body["items"] == []
            await _found(registry)
            for name in FILES:
                data = (case_files.FOLDER / f"{name}.csv").read_bytes()
                looked = await sent(registry, name, data, dry_run="true")
                assert looked.body["errors"] == [], name
                last = (await sent(registry, name, data)).body[-1]
                rows = len(case_files.files()[name])
                assert (last["finished"], last["entered"], last["refused"]) == (True, rows, 0), name
                again = (await sent(registry, name, data)).body[-1]
                assert (again["unchanged"], again["entered"]) == (rows, 0), name
            await _is_the_case(registry)


async def _found(registry: Client) -> None:
    """What no table is of: the community, its grids and teams."""
    body = {"community": "shaba", "name": CASE.community.name.model_dump()}
    assert (await registry.post("/v1/communities", body)).status == 201
    for grid in CASE.grids:
        made = await registry.post("/v1/grids", {"grid": grid.id, "name": grid.name.model_dump()})
        assert made.status == 201, made.body
    for team in CASE.teams:
        made = await registry.post("/v1/teams", {"team": team.id, "name": team.name.model_dump()})
        assert made.status == 201, made.body


async def _is_the_case(registry: Client) -> None:
    service = CASE.services[7]
    shown = (await registry.get(f"/v1/services/{service.id}")).body
    assert (shown["name"], shown["lead_unit"]) == (service.name.model_dump(), service.lead_unit)
    agreements = (await registry.get("/v1/agreements", limit="100")).body["items"]
    assert {item["unit"] for item in agreements} == {unit.id for unit in CASE.units}
    assert {item["status"] for item in agreements} == {"in-force"}
    seats = (await registry.get("/v1/seats")).body["items"]
    assert {(item["id"], item["unit"]) for item in seats} == {(seat.id, seat.unit) for seat in CASE.committee}
    holder = await registry.get("/v1/seats/seat-member-1/details", purpose="report")
    assert holder.body["items"][0]["holder"]["name"]
    centre = (await registry.get("/v1/facilities/facility-elder-care-centre")).body
    assert [room["name"]["zh"] for room in centre["rooms"]] == ["康复室", "按摩室", "娱乐室"]
    client = await registry.post("/v1/units/unit-health-centre/clients", {"name": "x"})
    secret = str(client.body["client_id"]), str(client.body["client_secret"])
    assert await access_token(registry.session, registry.base, *secret)
