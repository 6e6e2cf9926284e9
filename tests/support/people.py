"""People who are put on record: bodies that nobody else has sent, and how they are read afterwards."""

from __future__ import annotations

from uuid import uuid4

from deploy.stack import Stack
from tests.support.client import Client, Reply
from tests.support.community import HEALTH, Community
from tests.support.forging import forger


def unheard_name(surname: str = "王") -> str:
    """A Chinese name that nobody has had yet."""
    number = uuid4().int
    return surname + chr(0x4E00 + number % 20_000) + chr(0x4E00 + number // 20_000 % 20_000)


def unheard_phone() -> str:
    """A telephone number that nobody has had yet."""
    return f"199{uuid4().int % 10**8:08}"


def volunteer_body(**more: object) -> dict[str, object]:
    """A volunteer of the health centre."""
    body = {"name": unheard_name("李"), "unit": HEALTH, "team": "residents", "skills": ["first-aid"]}
    return {**body, **more}


def resident_body(**more: object) -> dict[str, object]:
    """A resident of the third grid."""
    return {"name": unheard_name(), "grid": "shaba-03", "tier": "high", **more}


def stranger(shaba: Community, stack: Stack, scope: str, *communities: str) -> Client:
    """registry, as an administrator calls it whose token says these scopes and communities."""
    base = shaba.stack.services["registry"]
    token = forger(stack, base).signed(communities=[*communities], scope=scope)
    return Client(base, shaba.session, token)


async def put(client: Client, kind: str, body: dict[str, object]) -> Reply:
    """A person on record."""
    made = await client.post(f"/v1/{kind}", body)
    assert made.status == 201, made.body
    return made


async def after(client: Client, last: Reply, path: str, **query: str) -> Reply:
    """What is at `path` once `last` has come to the lists."""
    headers = {"Linli-After": last.headers["linli-position"]} if "linli-position" in last.headers else {}
    return await client.call("GET", path, headers=headers, params=query)


async def listed(client: Client, last: Reply, path: str, **query: str) -> dict[str, dict[str, object]]:
    """What a list has, by id, once `last` has come to it."""
    page = await after(client, last, path, limit="500", **query)
    assert page.status == 200, page.body
    return {str(item["id"]): item for item in page.body["items"]}


async def events_since(client: Client, before: Reply) -> list[dict[str, object]]:
    """registry's events from the commit on that `before` tells of."""
    pos = int(before.headers["linli-position"].split("@")[1])
    feed = await client.get("/v1/events", after=str(pos - 1), limit="500")
    items: list[dict[str, object]] = feed.body["items"]
    return items
