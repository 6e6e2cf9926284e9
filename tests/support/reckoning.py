"""What became of all that a unit was to be told at an endpoint, reckoned up from the store, to the unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from services.notify.letters import Message
from services.notify.messages import PAGE, Messages
from services.notify.progress import Progress
from shared.events.index import decode
from shared.events.notify import Failed, NotificationDelivered, NotificationFailed
from shared.runtime.mongo import Database
from shared.runtime.store import EventStore

FOR_GOOD = {"delivered": "delivered", "exhausted": "failed", "cancelled": "cancelled"}


async def reckoned(
    database: Database, endpoint: str, unit: str, passes: Callable[[Message], bool] = lambda _: False
) -> Counter[str]:
    """How many messages of the unit's box were delivered, failed, cancelled or are held, by `endpoint`'s
    records and what it was not tried with yet; `passed over` are those that it need not be told of, as
    `passes` says. AssertionError if one is none of these, if the box has a gap, or if notify's own log says
    something else of it than its record."""
    messages = Messages(database)
    end = (await messages.look_for_head(unit)).number
    box: list[Message] = []
    for start in range(0, end, PAGE):
        box += await messages.read(unit, start, PAGE, bodies=False)
    assert [message.number for message in box] == list(range(1, end + 1)), "the box has a gap"
    records = {found["number"]: found async for found in database["deliveries"].find({"endpoint": endpoint})}
    done = (await Progress(database).of(endpoint)).done
    said = await _said(database, endpoint)
    found: Counter[str] = Counter()
    for message in box:
        number = message.number
        record = records.get(number)
        if record is None:
            assert number not in said, f"the log knows of message {number}, and the records do not"
            assert number > done or passes(message), f"message {number} is lost: it will not be tried"
            found["passed over" if passes(message) else "held"] += 1
        else:
            found[FOR_GOOD.get(record["state"], "held")] += 1
            if record["state"] in ("delivered", "exhausted"):
                assert said[number] == record["state"], f"message {number}: the log says {said[number]}"
    assert found.total() == end
    return found


async def _said(database: Database, endpoint: str) -> dict[int, str]:
    """What notify's log, which audit keeps, says last of each message: by its number."""
    found: dict[int, str] = {}
    for event in await events_of(database):
        if isinstance(event, NotificationDelivered):
            found |= {made.number: "delivered" for made in event.deliveries if made.endpoint == endpoint}
        elif isinstance(event, NotificationFailed):
            found |= {made.number: _state(made) for made in event.deliveries if made.endpoint == endpoint}
    return found


def _state(made: Failed) -> str:
    return "exhausted" if made.next_at is None else "pending"


async def events_of(database: Database) -> list[Any]:
    """All events of notify's own log, in order."""
    commits = await EventStore(database).read(0, 100_000)
    return [decode(event.type, event.data) for commit in commits for event in commit.events]


async def attempts_on_record(database: Database) -> int:
    """How many attempts notify's own log knows of."""
    batches = [
        e for e in await events_of(database) if isinstance(e, NotificationDelivered | NotificationFailed)
    ]
    return sum(len(batch.deliveries) for batch in batches)
