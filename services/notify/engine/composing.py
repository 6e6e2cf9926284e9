"""What people are told: gathered from a unit's box into messages that speak of several events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.notify.domain.endpoint import TO_PEOPLE
from services.notify.domain.subscription import matches_any, wants
from services.notify.endpoints import Endpoint, Endpoints
from services.notify.letters import Digest, Message
from services.notify.messages import PAGE, Messages
from shared.events.notify import EndpointRegistered
from shared.kernel.times import parse_time

CHINA = ZoneInfo("Asia/Shanghai")
MOST = 50
"""Events that one message says a sentence of; of the others it says how many they are."""
URGENT = frozenset({"urgent", "asap", "stat"})
"""The priorities that do not wait for a digest, nor for the end of quiet hours."""
LOOK_S = 1.0
DIGEST = "digest"
"""The type of a message that speaks of several events."""


class Composer:
    """Puts messages into the boxes of endpoints that people read, from those of their owners.

    `idle` says whether what was put in before is sent: what a channel is too slow for is gathered meanwhile.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        messages: Messages,
        idle: Callable[[Endpoint], bool],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._endpoints = endpoints
        self._messages = messages
        self._idle = idle
        self._clock = clock
        self._seen: dict[str, int] = {}
        self._urgent: dict[str, tuple[Sequence[str], int]] = {}
        self._since: dict[str, tuple[int, int, str]] = {}
        """Of each endpoint's version: behind which number something waits for its moment, and since when."""
        self._wake = asyncio.Event()
        messages.watch(lambda _: self._wake.set())

    async def run(self) -> None:
        """Compose what is due, until cancelled."""
        self._seen, self._urgent, self._since = {}, {}, {}
        while True:
            self._wake.clear()
            for endpoint in self._endpoints.all():
                if endpoint.facts.channel in TO_PEOPLE and endpoint.state.status == "active":
                    await self.compose(endpoint)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._wake.wait()

    async def compose(self, endpoint: Endpoint) -> None:
        """Put in what `endpoint` is to be told now."""
        head = await self._messages.head(endpoint.id)
        last = max(head.last, endpoint.state.skipped_to, self._seen.get(endpoint.id, 0))
        end = (await self._messages.head(endpoint.owner)).number
        if last >= end:
            return
        facts = endpoint.facts
        if _gathers(facts):
            await self._compose_urgent(endpoint, last, end, head.last)
        if not self._idle(endpoint) or self._still_waits(endpoint, last):
            return
        waiting: list[Message] = []
        while not waiting and last < end:
            until = min(last + PAGE, end)
            page = await self._messages.read(endpoint.owner, last, until - last)
            waiting = [each for each in page if _waits(facts, each)]
            if not waiting:
                last = self._seen[endpoint.id] = until
        if not waiting:
            return
        self._since[endpoint.id] = endpoint.version, last, waiting[0].at
        if is_due(facts, waiting[0].at, self._clock()):
            await self._messages.put([_gathered(endpoint, waiting, until)], look=True)

    def _still_waits(self, endpoint: Endpoint, last: int) -> bool:
        """Whether what was found to wait behind `last` is not due yet: nothing is read until then."""
        version, seen, since = self._since.get(endpoint.id, (0, 0, ""))
        known = (version, seen) == (endpoint.version, last)
        return known and not is_due(endpoint.facts, since, self._clock())

    async def _compose_urgent(self, endpoint: Endpoint, after: int, end: int, last: int) -> None:
        """One message each for what is urgent, at once."""
        facts = endpoint.facts
        urgent, seen = self._urgent.get(endpoint.id, ((), 0))
        if urgent == facts.urgent:
            after = max(after, seen)
        if after >= end:
            return
        page = await self._messages.read(endpoint.owner, after, PAGE)
        letters = [
            Digest(endpoint.id, f"urgent-{each.id}", each.type, each.bodies, 0, last)
            for each in page
            if wants(facts, each.type, each.facts) and not _waits(facts, each)
        ]
        await self._messages.put(letters, look=True)
        self._urgent[endpoint.id] = facts.urgent, min(after + PAGE, end)


def _waits(facts: EndpointRegistered, message: Message) -> bool:
    """Whether it is told by a digest; what is urgent is told by a message of its own."""
    if not wants(facts, message.type, message.facts):
        return False
    return not (_gathers(facts) and _is_urgent(facts, message))


def _gathers(facts: EndpointRegistered) -> bool:
    """Whether anything has to wait for its moment."""
    return (facts.digest_minutes, facts.digest_at, facts.quiet_from) != (None, None, None)


def _is_urgent(facts: EndpointRegistered, message: Message) -> bool:
    """Whether it does not wait: it says so itself, or the endpoint says so of its type."""
    said = message.facts.get("priority") in URGENT or message.facts.get("urgent") == "true"
    return said or matches_any(facts.urgent, message.type)


def is_due(facts: EndpointRegistered, since: str, now: datetime) -> bool:
    """Whether what has waited `since` that moment is to be told at `now`."""
    local = now.astimezone(CHINA)
    if facts.quiet_from is not None and facts.quiet_until is not None:
        start, end, at = _clock(facts.quiet_from), _clock(facts.quiet_until), local.time()
        if start <= at < end if start <= end else at >= start or at < end:
            return False
    first = parse_time(since)
    if facts.digest_minutes is not None:
        return now >= first + timedelta(minutes=facts.digest_minutes)
    if facts.digest_at is not None:
        begun = first.astimezone(CHINA)
        due = datetime.combine(begun.date(), _clock(facts.digest_at), CHINA)
        return local >= (due if due > begun else due + timedelta(days=1))
    return True


def _clock(text: str) -> time:
    return time.fromisoformat(text)


def _gathered(endpoint: Endpoint, waiting: Sequence[Message], until: int) -> Digest:
    if len(waiting) == 1:
        [only] = waiting
        return Digest(endpoint.id, only.id, only.type, only.bodies, 0, until)
    bodies = tuple(body for message in waiting[:MOST] for body in message.bodies)
    id = f"digest-{waiting[0].number:012d}-{until:012d}"
    return Digest(endpoint.id, id, DIGEST, bodies, max(len(waiting) - MOST, 0), until)
