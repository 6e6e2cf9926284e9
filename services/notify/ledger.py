"""What is known of deliveries, tried or not: for whoever asks. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from services.notify.deliveries import Deliveries, Stretch
from services.notify.domain.subscription import wants
from services.notify.endpoints import Endpoint
from services.notify.engine.retries import EARLIEST, FAR_S
from services.notify.engine.sender import box_of
from services.notify.letters import Message
from services.notify.messages import PAGE, Messages
from services.notify.progress import Progress
from services.notify.records import STATES, State
from services.notify.showing import shown_attempt, shown_record, shown_untried
from shared.kernel.canonical import Json
from shared.kernel.times import format_time, later
from shared.runtime.mongo import Document, NetworkTimeout

UNTRIED = "~"
"""In the place of a moment: what was not tried yet comes before what waits to be tried again."""
LOOKED_AT = 10_000
"""Messages that are looked at to count those that wait."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries: in these states, whose moment lies from `since` up to `until` (written times)."""

    states: Sequence[State] = STATES
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the delivery shown last. `moment` is a written time, or UNTRIED."""

    endpoint: str
    state: State
    moment: str
    number: int

    @property
    def after(self) -> str:
        """As the index has it."""
        return f"{self.moment}|{self.number:012d}"


@dataclass(frozen=True, slots=True)
class Totals:
    """How many deliveries are in each state: `delivered`, `exhausted`, `cancelled`, `retrying` (tried, and
    tried again), `untried`; None where there are too many to be counted in time. `waiting` are the last two,
    `exact` whether they were all looked at, else there are more; `oldest` is when the message that has waited
    longest, of those looked at, was put into the box."""

    states: dict[str, Json]
    waiting: int
    exact: bool
    oldest: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A delivery as it is shown, and where it stands."""

    place: Place
    shown: dict[str, Json]


class Ledger:
    """The deliveries of endpoints, over records and boxes."""

    def __init__(self, messages: Messages, deliveries: Deliveries, progress: Progress) -> None:
        self._messages = messages
        self._deliveries = deliveries
        self._progress = progress

    async def page(
        self, endpoints: Sequence[Endpoint], wanted: Wanted, after: Place | None, limit: int
    ) -> list[Entry]:
        """Endpoint by endpoint, state by state: up to `limit` entries behind `after`."""
        found: list[Entry] = []
        for endpoint in endpoints:
            for state in wanted.states:
                here = (endpoint.id, STATES.index(state))
                there = None if after is None else (after.endpoint, STATES.index(after.state))
                if len(found) >= limit or (there is not None and here < there):
                    continue
                begin = after if here == there else None
                found += await self._of_state(endpoint, state, wanted, begin, limit - len(found))
        return found

    async def _of_state(
        self, endpoint: Endpoint, state: State, wanted: Wanted, after: Place | None, limit: int
    ) -> list[Entry]:
        """What was not tried comes first: it may have a record by the time that the records are read."""
        found: list[Entry] = []
        if state == "pending" and (after is None or after.moment == UNTRIED):
            found = await self.untried(endpoint, wanted, 0 if after is None else after.number, limit)
            after = None
        if len(found) < limit:
            found += await self._recorded(endpoint, state, wanted, after, limit - len(found))
        return found

    async def _recorded(
        self, endpoint: Endpoint, state: State, wanted: Wanted, after: Place | None, limit: int
    ) -> list[Entry]:
        now = format_time(datetime.now(UTC))
        until = wanted.until or (later(now, FAR_S) if state == "pending" else now)
        since = wanted.since or EARLIEST
        begin = since if after is None else max(since, after.after)
        records = await self._deliveries.shown(Stretch(endpoint.id, state, begin, until), limit)
        box = box_of(endpoint)
        numbers = [int(record["number"]) for record in records]
        messages = await self._messages.of_numbers(box, numbers, bodies=False)
        return [
            Entry(_place_of(record), shown_record(record, messages.get(int(record["number"]))))
            for record in records
        ]

    async def untried(self, endpoint: Endpoint, wanted: Wanted, after: int, limit: int) -> list[Entry]:
        """What `endpoint` was not told yet, behind number `after` of its box: up to `limit`."""
        found: list[Entry] = []
        async for page in self._untried_pages(endpoint, wanted, after):
            for message in page:
                place = Place(endpoint.id, "pending", UNTRIED, message.number)
                found.append(Entry(place, shown_untried(endpoint, message)))
            if len(found) >= limit:
                break
        return found[:limit]

    async def _untried_pages(
        self, endpoint: Endpoint, wanted: Wanted, after: int
    ) -> AsyncIterator[list[Message]]:
        """What `endpoint` was not told yet of its box, a list for every 500 numbers behind `after`."""
        box = box_of(endpoint)
        read = max(after, (await self._progress.of(endpoint.id)).done)
        if box == endpoint.owner:
            read = max(read, endpoint.state.skipped_to)
        end = (await self._messages.look_for_head(box)).number
        while read < end:
            page = await self._messages.read(box, read, PAGE, bodies=False)
            there = await self._deliveries.of_numbers(endpoint.id, [message.number for message in page])
            read += PAGE
            if wanted.until is not None and page and page[-1].at > wanted.until:
                end = read  # what comes behind was put in later still
            yield [
                message
                for message in page
                if message.number not in there and _is_wanted(endpoint, message, wanted)
            ]

    async def totals(self, endpoint: Endpoint) -> Totals:
        """How many deliveries there are, of messages that are kept; looks at 10,000 that wait at the most."""
        untried, looked, waits = 0, 0, list[str]()
        async for page in self._untried_pages(endpoint, Wanted(), 0):
            untried, looked = untried + len(page), looked + PAGE
            waits += [message.at for message in page[:1]]
            if looked >= LOOKED_AT:
                break
        retrying = await self._retrying(endpoint)
        waits += [str(entry.shown["created_at"]) for entry in retrying]
        again = await self._counted(endpoint, "pending")
        over: Sequence[State] = ("delivered", "exhausted", "cancelled")
        states: dict[str, Json] = {state: await self._counted(endpoint, state) for state in over}
        return Totals(
            states={**states, "retrying": again, "untried": untried},
            waiting=untried + (len(retrying) if again is None else again),
            exact=looked < LOOKED_AT and again is not None,
            oldest=min(waits, default=None),
        )

    async def _retrying(self, endpoint: Endpoint) -> list[Entry]:
        return await self._recorded(endpoint, "pending", Wanted(), None, PAGE)

    async def _counted(self, endpoint: Endpoint, state: State) -> int | None:
        try:
            return await self._deliveries.count(endpoint.id, state)
        except NetworkTimeout:
            return None

    async def state(self, endpoint: Endpoint, number: int) -> State | None:
        """The state of a delivery; None if it was not tried yet, nor spoken of."""
        record = (await self._deliveries.of_numbers(endpoint.id, [number])).get(number)
        found: State | None = None if record is None else record["state"]
        return found

    async def one(self, endpoint: Endpoint, message_id: str) -> Entry | None:
        """The delivery of one message to `endpoint`; None if there is none."""
        message = await self._messages.of_id(box_of(endpoint), message_id)
        if message is None:
            return None
        record = (await self._deliveries.of_numbers(endpoint.id, [message.number])).get(message.number)
        if record is not None:
            return Entry(_place_of(record), shown_record(record, message))
        if not _is_wanted(endpoint, message, Wanted()):
            return None
        if message.box == endpoint.owner and message.number <= endpoint.state.skipped_to:
            return None
        return Entry(Place(endpoint.id, "pending", UNTRIED, message.number), shown_untried(endpoint, message))

    async def message(self, endpoint: Endpoint, message_id: str) -> Message | None:
        """A message of the box that `endpoint` is told from."""
        return await self._messages.of_id(box_of(endpoint), message_id)

    async def attempts(self, endpoint: Endpoint, number: int) -> list[dict[str, Json]]:
        """Every attempt that is on record, in order, with the first of each answer."""
        record = (await self._deliveries.of_numbers(endpoint.id, [number])).get(number)
        if record is None:
            return []
        count = int(record["attempts"])
        made = await self._deliveries.attempts_of(endpoint.id, number, count)
        shown = [shown_attempt(attempt) for attempt in made]
        if record["state"] == "delivered":
            shown.append(shown_attempt({**record, "attempt": count}))
        return shown


def _is_wanted(endpoint: Endpoint, message: Message, wanted: Wanted) -> bool:
    if (wanted.since and message.at < wanted.since) or (wanted.until and message.at > wanted.until):
        return False
    return message.box != endpoint.owner or wants(endpoint.facts, message.type, message.facts)


def _place_of(record: Document) -> Place:
    endpoint, state, moment, number = str(record["place"]).split("|")
    return Place(endpoint, STATES[int(state) - 1], moment, int(number))
