"""What a unit does with its endpoints and their deliveries when something went wrong, or must be changed."""

from __future__ import annotations

from tests.support.client import Client
from tests.support.community import HEALTH, Community
from tests.support.notifying import partner_system
from tests.support.waiting import until

EARLIER = "2026-01-01T00:00:00Z"


async def mending(shaba: Community) -> None:
    """An endpoint is tried, told, looked at, paused, changed and removed; a delivery is sent again, another
    is let go."""
    notify = shaba.health["notify"]
    async with partner_system() as partner:
        body = {"unit": HEALTH, "url": partner.url, "events": ["volunteer-registered"]}
        path = (await notify.post("/v1/endpoints", body)).headers["location"]
        await tried(notify, path)
        await shaba.volunteer()
        event = await waiting(notify, path, "delivered")
        one = f"{path}/deliveries/{event}"
        assert (await notify.get(one)).body["made"][0]["status"] == 204
        assert (await notify.post(f"{one}/cancel")).status == 409
        assert (await notify.post(f"{one}/resend", Idempotency_Key=path)).status == 200
        await until(lambda: len(partner.received) == 3)
        await changed(notify, path, partner.url)
        await shaba.volunteer()
        held = f"{path}/deliveries/{await waiting(notify, path, 'pending')}"
        assert (await notify.post(f"{held}/cancel")).body["state"] == "cancelled"
        assert (await notify.get(f"{path}/health")).body["held"] == "paused"
        assert (await notify.post(f"{path}/recover", {"since": EARLIER})).status == 200
        assert (await notify.post(f"{path}/resume", {"backlog": "send"})).status == 200
        assert (await notify.call("DELETE", path)).body["status"] == "removed"
    assert (await notify.post(f"{path}/deliveries/none/resend")).status == 404


async def tried(notify: Client, path: str) -> None:
    """An example is sent, and another is none."""
    assert (await notify.post(f"{path}/test", {})).body["accepted"]
    assert (await notify.post(f"{path}/test", {"type": "none"})).status == 422
    assert (await notify.get("/v1/event-types", told="true")).body["items"]


async def changed(notify: Client, path: str, url: str) -> None:
    """It has another secret, is told of the same, and nothing for a while."""
    assert (await notify.post(f"{path}/rotate", {"overlap_hours": 1}, Idempotency_Key=path)).body["secret"]
    again = await notify.post(f"{path}/rotate", {"overlap_hours": 1}, Idempotency_Key=path)
    assert again.body["secret"] is None
    assert (await notify.patch(path, {"ordered": True, "url": f"{url}/other"})).status == 200
    assert (await notify.patch(path, {"urgent": ["*"]})).status == 422
    assert (await notify.post(f"{path}/pause")).body["status"] == "paused"


async def waiting(notify: Client, path: str, state: str) -> str:
    """The event of the first delivery in this state, once there is one."""
    endpoint = path.rpartition("/")[2]

    async def found() -> bool:
        return bool((await notify.get("/v1/deliveries", endpoint=endpoint, state=state)).body["items"])

    await until(found)
    return str((await notify.get("/v1/deliveries", endpoint=endpoint, state=state)).body["items"][0]["event"])
