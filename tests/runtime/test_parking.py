"""What is said of an event that could not be taken."""

from __future__ import annotations

from structlog.testing import capture_logs

from shared.runtime.broker import Broker
from shared.runtime.mongo import Database
from tests.support.drafts import draft
from tests.support.following import bench


async def test_the_line_of_a_parked_event_leads_to_the_call_that_made_it(
    database: Database, broker: Broker
) -> None:
    async with bench(database, broker) as b:
        b.notes.poison.add("poison")
        made = await b.store.append(draft(("request-b", 1), type="poison"))
        with capture_logs() as lines:
            await b.follower.take(await b.source_events())
    [line] = [line for line in lines if line["event"] == "event-parked"]
    assert (line["event_id"], line["correlation"]) == (made.events[0].id, made.correlation)
    assert made.correlation
