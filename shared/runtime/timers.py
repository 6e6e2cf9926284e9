"""Durable timers: what is to happen at a time happens then or soon after, though processes come and go.

A timer is in the bucket of the minute in which it is due, so that those that are due are found by equality,
which is what the embedded store is quick at; and a list of the hours that have timers lets months without
any pass in a moment. Every replica looks; whoever comes second must do no harm, so a
timer's command has an id made of what armed it (a commit's id is taken once).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from shared.kernel.canonical import Json
from shared.kernel.times import format_time, parse_time
from shared.runtime.mongo import Database, UpdateOne

GRACE_MINUTES = 10
"""Minutes that are looked at again and again, for clocks of replicas that differ."""
AT_ONCE = 500
"""Minutes, or hours, asked for in one call of the store."""
KEEP_EVERY_MINUTES = 60

log = structlog.get_logger()

Clock = Callable[[], datetime]


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Timer:
    """Something that is due. `key` is one for each thing that can happen; `data` what doing it needs."""

    key: str
    due: datetime
    data: Mapping[str, Json]


Fire = Callable[[Timer], Awaitable[None]]
"""What is done when a timer is due. It may arm the same key anew. If it fails, it is tried again."""


def by_kind(fires: Mapping[str, Fire]) -> Fire:
    """Gives a timer to the one of `fires` that is named by its key up to the first colon."""

    async def fire(timer: Timer) -> None:
        await fires[timer.key.partition(":")[0]](timer)

    return fire


class Timers:
    """The collections `timers`: `{_id: key, due, bucket, data}`, `timers-hours`: `{_id: hour}`, and
    `timers-looked`, which says how far they were looked through."""

    def __init__(self, database: Database, clock: Clock = now) -> None:
        self._timers = database["timers"]
        self._hours = database["timers-hours"]
        self._looked = database["timers-looked"]
        self.clock = clock
        self._next = 0
        self._kept = 0
        self._known_hours: set[int] = set()

    async def open(self) -> None:
        """Make the index if it is missing, and remember where to look on from."""
        await self._timers.create_index("bucket")
        first = {"$setOnInsert": {"minute": _minute(self.clock()) - GRACE_MINUTES}}
        await self._looked.update_one({"_id": "next"}, first, upsert=True)
        found = await self._looked.find_one({"_id": "next"})
        assert found is not None
        self._next = self._kept = int(found["minute"])

    async def arm(self, timers: list[Timer]) -> None:
        """Set these, each in place of one with the same key. One that is due already is done soon."""
        soonest = _minute(self.clock())
        buckets = [max(_minute(timer.due), soonest) for timer in timers]
        await self._list_hours({bucket // 60 for bucket in buckets} - self._known_hours)
        writes = []
        for timer, bucket in zip(timers, buckets, strict=True):
            said = {"due": format_time(timer.due), "bucket": bucket, "data": dict(timer.data)}
            writes.append(UpdateOne({"_id": timer.key}, {"$set": said}, upsert=True))
        if writes:
            await self._timers.bulk_write(writes, ordered=True)

    async def _list_hours(self, hours: set[int]) -> None:
        # Before the timers: an hour without one does no harm.
        for hour in hours:
            await self._hours.update_one({"_id": hour}, {"$setOnInsert": {"listed": True}}, upsert=True)
        self._known_hours |= hours

    async def disarm(self, keys: list[str]) -> None:
        """Take these away; those that are not there are none."""
        if keys:
            await self._timers.delete_many({"_id": {"$in": keys}})

    async def look(self, fire: Fire) -> int:
        """Give every timer that is due to `fire`; how many were."""
        moment = self.clock()
        last, fired = _minute(moment), 0
        undone = last
        minutes = await self._minutes_that_may_have_some(last)
        for start in range(0, len(minutes), AT_ONCE):
            some = {"bucket": {"$in": minutes[start : start + AT_ONCE]}}
            documents = await self._timers.find(some).to_list(None)
            for document in sorted(documents, key=lambda each: str(each["due"])):
                if document["due"] <= format_time(moment):
                    done = await self._fire(fire, document)
                    fired, undone = fired + done, undone if done else min(undone, document["bucket"])
        await self._move_on(min(undone, last - GRACE_MINUTES))
        return fired

    async def keep_looking(self, fire: Fire, every_s: float) -> None:
        """Look every `every_s` seconds, until cancelled."""
        while True:
            await self.look(fire)
            await asyncio.sleep(every_s)

    async def _minutes_that_may_have_some(self, last: int) -> list[int]:
        """The minutes from where to look on up to `last`, of hours that are listed."""
        listed: list[int] = []
        for start in range(self._next // 60, last // 60 + 1, AT_ONCE):
            hours = list(range(start, min(start + AT_ONCE, last // 60 + 1)))
            found = await self._hours.find({"_id": {"$in": hours}}).to_list(None)
            listed += sorted(int(document["_id"]) for document in found)
        self._known_hours.update(listed)
        minutes = (60 * hour + minute for hour in listed for minute in range(60))
        return [minute for minute in minutes if self._next <= minute <= last]

    async def _fire(self, fire: Fire, document: Mapping[str, Json]) -> bool:
        key, due, data = str(document["_id"]), document["due"], document["data"]
        assert isinstance(data, Mapping)
        try:
            await fire(Timer(key, parse_time(str(due)), data))
        except Exception as error:
            log.warning("timer-failed", timer=key, error=type(error).__name__)
            return False
        await self._timers.delete_one({"_id": key, "due": due})  # unless it was armed anew meanwhile
        return True

    async def _move_on(self, minute: int) -> None:
        self._next = max(self._next, minute)
        if self._next - self._kept >= KEEP_EVERY_MINUTES:
            await self._looked.update_one({"_id": "next"}, {"$max": {"minute": self._next}})
            over = [hour for hour in self._known_hours if hour < self._next // 60]
            await self._hours.delete_many({"_id": {"$in": over}})
            self._known_hours.difference_update(over)
            self._kept = self._next


def _minute(moment: datetime) -> int:
    return int(moment.timestamp() // 60)
