"""What became of the requests that dispatch accepted: each on record once, and told at least once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.client import Client
from tests.support.community import HEALTH, HEALTH_HELP, Community
from tests.support.receiver import Receiver, receiving
from tests.support.waiting import until

BODY = {"service": HEALTH_HELP, "grid": "shaba-03", "channel": "telephone", "text": "请尽快上门"}


@asynccontextmanager
async def partner(shaba: Community) -> AsyncIterator[Receiver]:
    """The health centre's system, listening to everything."""
    async with receiving() as receiver:
        body = {"unit": HEALTH, "url": receiver.url, "events": ["*"]}
        reply = await shaba.health["notify"].post("/v1/endpoints", body)
        assert reply.status == 201, reply.body
        receiver.secret = str(reply.body["secret"])
        yield receiver


async def entries(auditor: Client, **query: str) -> list[dict[str, Any]]:
    """All entries of the log, page by page."""
    found: list[dict[str, Any]] = []
    page: dict[str, str] = {}
    while True:
        reply = await auditor.get("/v1/entries", limit="500", **page, **query)
        assert reply.status == 200, reply.body
        found += reply.body["items"]
        if not reply.body["items"] or reply.body["next"] is None:
            return found
        page = {"after": str(reply.body["next"])}


async def created(shaba: Community) -> list[str]:
    """The id of every request whose creation audit has on record, as often as it has it."""
    of_type = await entries(shaba.auditor["audit"], type="request-created")
    return [entry["event"]["subject"] for entry in of_type]


async def assert_all_is_recorded_and_told(
    shaba: Community, receiver: Receiver, accepted: set[str], seconds: float = 60
) -> None:
    """Within `seconds` the ids answered 2xx are in audit and were told; and those in audit are just these,
    once each and in order."""

    async def all_arrived() -> bool:
        return accepted <= receiver.created() and accepted <= set(await created(shaba))

    await until(all_arrived, seconds)
    recorded = [id for id in await created(shaba) if id in accepted or id not in KNOWN]
    assert Counter(recorded) == Counter(accepted)
    versions = defaultdict(list)
    for entry in await entries(shaba.auditor["audit"]):
        versions[entry["event"]["subject"]].append(entry["event"]["streamversion"])
    for stream, found in versions.items():
        assert found == list(range(1, len(found) + 1)), stream
    verdict = await shaba.auditor["audit"].post("/v1/verify")
    assert verdict.body["intact"] is True, verdict.body
    KNOWN.update(accepted)


KNOWN: set[str] = set()
"""The requests of the tests before, which are in the same log."""
