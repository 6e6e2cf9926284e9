"""Events that a handler could not take: kept with the reason, in order, until they are driven again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent, parse
from shared.kernel.times import format_time
from shared.runtime.mongo import Database, Document, is_passing

log = structlog.get_logger()

Handler = Callable[[Sequence[CloudEvent]], Awaitable[None]]


@dataclass(slots=True)
class Parking:
    """The parked events of one follower, in its own database. `streams` are those that wait."""

    database: Database
    follower: str
    streams: set[str] = field(default_factory=set)

    async def load(self) -> None:
        """Read which streams wait."""
        self.streams = set(await self.database["parked"].distinct("stream", {"follower": self.follower}))

    async def park(self, event: CloudEvent, error: BaseException | None) -> None:
        """Keep `event`; twice is once. Without `error` it waits behind an earlier one of its stream."""
        reason = "waits behind an earlier event of its stream" if error is None else type(error).__name__
        log.error(
            "event-parked",
            event_id=event.id,
            type=event.type,
            stream=event.stream,
            correlation=event.correlation,
            reason=reason,
            exc_info=error,
        )
        facts = {
            "follower": self.follower,
            "event": event.id,
            "service": event.service,
            "type": event.type,
            "stream": event.stream,
            "version": event.version,
            "raw": event.raw,
            "at": format_time(datetime.now(UTC)),
        }
        # One that only waits keeps the reason for which it was parked before.
        change: Document = {"$setOnInsert": facts if error else {**facts, "reason": reason}}
        if error is not None:
            change["$set"] = {"reason": reason}
        await self.database["parked"].update_one({"_id": f"{self.follower}:{event.id}"}, change, upsert=True)
        self.streams.add(event.stream)

    async def redrive(self, handler: Handler) -> tuple[int, int]:
        """Give each stream's events to `handler` again, in order; a stream stops at its first failure.

        Answers how many were taken and how many still wait. Safe to repeat.
        """
        taken = 0
        for stream in sorted(self.streams):
            documents = await self.database["parked"].find(self._of(stream)).to_list(None)
            for document in sorted(documents, key=lambda found: int(found["version"])):
                event = parse(document["raw"])
                try:
                    await handler([event])
                except Exception as error:
                    if is_passing(error):
                        raise
                    await self.park(event, error)
                    break
                await self.database["parked"].delete_one({"_id": document["_id"]})
                taken += 1
        await self.load()
        return taken, await self.database["parked"].count_documents({"follower": self.follower})

    def _of(self, stream: str) -> Document:
        return {"stream": stream, "follower": self.follower}


async def parked_events(database: Database, limit: int) -> list[dict[str, Json]]:
    """A service's parked events, without their data: which, of whom, by which follower, why, since when."""
    documents = await database["parked"].find({}, {"raw": 0}).limit(limit).to_list(None)
    return [
        {"id": document.pop("event"), **{name: document[name] for name in document if name != "_id"}}
        for document in documents
    ]
