"""An operator changes the key of sealed details through the service, and nobody notices."""

from __future__ import annotations

import pytest

from tests.support.community import SERVICES, Community


@pytest.mark.parametrize("service", SERVICES)
async def test_a_key_is_changed_and_the_old_one_dropped(shaba: Community, service: str) -> None:
    operator = shaba.admin[service]
    old = (await operator.get("/v1/keyring")).body["current"]
    rotated = await operator.post("/v1/keyring/rotate")
    assert rotated.status == 200, rotated.body
    new = rotated.body["current"]
    assert rotated.body["keys"] == sorted([old, new])
    again = await operator.post("/v1/keyring/rotate")
    assert (again.status, again.body["code"]) == (409, "rotation-under-way")
    current = await operator.post("/v1/keyring/drop", {"key": new})
    assert (current.status, current.body["code"]) == (409, "key-in-use")
    dropped = await operator.post("/v1/keyring/drop", {"key": old})
    assert (dropped.status, dropped.body["keys"]) == (200, [new])
    gone = await operator.post("/v1/keyring/drop", {"key": old})
    assert (gone.status, gone.body["code"]) == (404, "unknown-key")


async def test_what_was_sealed_before_a_rotation_is_read_after_it(shaba: Community) -> None:
    resident = await shaba.resident()
    operator = shaba.admin["registry"]
    old = (await operator.get("/v1/keyring")).body["current"]
    await operator.post("/v1/keyring/rotate")
    dropped = await operator.post("/v1/keyring/drop", {"key": old})
    assert dropped.status == 200, dropped.body
    shown = await shaba.staff["registry"].get(f"/v1/residents/{resident}/details", purpose="service")
    assert shown.status == 200
    assert shown.body["items"][0]["name"]


async def test_only_operators_see_and_change_keys(shaba: Community) -> None:
    for client in (shaba.staff["registry"], shaba.auditor["registry"], shaba.health["registry"]):
        assert (await client.get("/v1/keyring")).status == 403
        assert (await client.post("/v1/keyring/rotate")).status == 403
        assert (await client.post("/v1/keyring/drop", {"key": "key-0001"})).status == 403


@pytest.mark.parametrize("body", [{}, {"key": "signing"}, {"key": "key-0001", "force": True}])
async def test_a_drop_that_is_not_understood_is_refused(shaba: Community, body: dict[str, object]) -> None:
    reply = await shaba.admin["notify"].post("/v1/keyring/drop", body)
    assert (reply.status, reply.body["code"]) == (422, "invalid-request")
