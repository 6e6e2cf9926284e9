"""A volunteer with a telephone of its own: it sees what is its own, answers, goes, and says how it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.kernel.times import format_time
from tests.support.client import Client, access_token
from tests.support.community import SERVICES, Community, slot
from tests.support.everyday_life import done, triaged
from tests.support.waiting import until


async def registered(shaba: Community, volunteer: str, by: Client | None = None) -> tuple[str, str]:
    """A client for `volunteer`, registered by staff if nobody is named: its id and its secret."""
    body = {"name": "telephone"}
    made = await done(by or shaba.staff["registry"], f"/v1/volunteers/{volunteer}/clients", body, 201)
    return str(made.body["client_id"]), str(made.body["client_secret"])


async def clients_of(shaba: Community, volunteer: str, by: Client | None = None) -> dict[str, Client]:
    """Every service, as the volunteer's own client calls it."""
    registry = shaba.stack.services["registry"]
    token = await access_token(shaba.session, registry, *await registered(shaba, volunteer, by))
    return {name: Client(shaba.stack.services[name], shaba.session, token) for name in SERVICES}


async def offered(shaba: Community, volunteer: str, when: dict[str, str], **fields: str) -> str:
    """A new request, triaged, by which `volunteer` is asked to go."""
    id = await triaged(shaba, **fields)
    asked = {"volunteer": volunteer, "slot": when}
    await done(shaba.staff["dispatch"], f"/v1/requests/{id}/offers", asked, 201)
    return id


def over(minutes: int = 20) -> dict[str, object]:
    """What is said of a visit that ended just now."""
    now = datetime.now(UTC)
    times = {"started_at": format_time(now - timedelta(minutes=minutes)), "ended_at": format_time(now)}
    return {"outcome": "done", "contact_made": True, **times}


async def volunteers_own_way(shaba: Community) -> None:
    """Asked, it accepts, plans its visit, and carries it out."""
    volunteer, when = await shaba.volunteer(), slot(-0.5, 2)
    id = await offered(shaba, volunteer, when)
    own = (await clients_of(shaba, volunteer, shaba.health["registry"]))["dispatch"]

    async def listed() -> bool:
        return [each["id"] for each in (await own.get("/v1/requests")).body["items"]] == [id]

    await until(listed, 5)
    await done(own, f"/v1/assignments/{id}.assignment-1/accept")
    await done(own, f"/v1/requests/{id}/visits", {"volunteer": volunteer, "slot": when}, 201)
    await done(own, f"/v1/visits/{id}.visit-1/check-in", {"method": "gps"})
    await done(own, f"/v1/visits/{id}.visit-1/complete", over())
    lost, _ = await registered(shaba, volunteer)
    await done(shaba.health["registry"], f"/v1/volunteers/{volunteer}/clients/{lost}/revoke")
