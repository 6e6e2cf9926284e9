"""What registry is asked of agreements and of the committee."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from shared.kernel.times import format_time
from tests.support.client import access_token
from tests.support.community import HEALTH, MEALS, SCHOOL, Community
from tests.support.interface import Noting


async def agreements(shaba: Community) -> None:
    """One is drawn up, amended, signed, renewed, confirmed and ended; a seat is vacated and filled."""
    registry, now = shaba.admin["registry"], datetime.now(UTC)
    starts_at, ends_at = format_time(now), format_time(now + timedelta(days=365))
    body = {"unit": SCHOOL, "services": [MEALS], "starts_at": starts_at, "ends_at": ends_at}
    made = await registry.post("/v1/agreements", body)
    path = made.headers["location"]
    assert (await registry.patch(path, {"details_of": [MEALS]})).status == 200
    signatories = [{"name": "赵敏", "side": "unit"}]
    assert (await registry.post(f"{path}/sign", {"signatories": signatories})).status == 200
    later = format_time(now + timedelta(days=700))
    assert (await registry.post(f"{path}/renew", {"ends_at": later})).status == 200
    assert (await registry.post(f"{path}/assure")).status == 200
    assert (await registry.get(f"{path}/details", purpose="report")).body["items"]
    assert (await registry.get("/v1/agreements", limit="1")).body["next"]
    ended = await registry.post(f"{path}/end", {"reason": "no-longer-needed"})
    assert ended.body["status"] == "ended"
    for client in (registry, shaba.school["registry"]):
        assert (await client.get(path)).body["status"] == "ended"
    await committee(shaba)


async def committee(shaba: Community) -> None:
    """A seat is vacated, and filled again."""
    registry = shaba.admin["registry"]
    seat = "/v1/seats/seat-deputy-secretary-2"
    assert (await registry.post(f"{seat}/vacate", {"reason": "left"})).status == 200
    body = {"seat": "deputy-secretary", "number": 2, "unit": HEALTH, "holder": {"name": "陈建国"}}
    filled = await registry.post("/v1/seats", {**body, "starts_at": format_time(datetime.now(UTC))})
    assert filled.status == 201, filled.body
    assert (await registry.get(f"{seat}/details", purpose="report")).body["items"]
    after = {"Linli-After": filled.headers["linli-position"]}
    assert (await registry.call("GET", "/v1/seats", headers=after)).body["items"]


async def catalogue_for_others(shaba: Community) -> None:
    """What other systems read of the catalogue."""
    reader = shaba.staff["registry"]
    page = (await reader.get("/hsds/services", per_page="1", full="true")).body
    service = page["contents"][0]
    assert (await reader.get(f"/hsds/services/{service['id']}")).status == 200
    assert (await reader.get("/hsds/organizations", per_page="1")).body["contents"]
    assert (await reader.get(f"/hsds/organizations/{service['organization_id']}")).status == 200
    assert (await reader.get("/hsds/")).status == 200


async def another_community(shaba: Community) -> None:
    """A district office founds one, and gives it a team."""
    registry, code = shaba.admin["registry"], f"c-{uuid4().hex[:8]}"
    name = {"zh": "汤丹", "en": "Tangdan"}
    made = await registry.post("/v1/clients", {"name": "office", "role": "admin"})
    form = (str(made.body["client_id"]), str(made.body["client_secret"]))
    token = await access_token(registry.session, registry.base, *form)
    assert isinstance(registry, Noting)
    office = Noting(
        registry.base, registry.session, token, registry.headers, registry.service, registry.heard
    )
    assert (await office.post("/v1/communities", {"community": code, "name": name})).status == 201
    token = await access_token(registry.session, registry.base, *form)
    office = Noting(
        registry.base, registry.session, token, registry.headers, registry.service, registry.heard
    )
    team = {"community": code, "team": "residents", "name": name}
    for status in (201, 200):
        assert (await office.post("/v1/teams", team)).status == status
