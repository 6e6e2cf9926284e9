"""What is on record once everything is quiet: the services' logs, and audit's account of all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

from deploy.demo.api import Api
from deploy.demo.callers import Callers
from deploy.demo.errors import DemoFailed
from shared.events.notify import (
    Attempted,
    EndpointRegistered,
    Failed,
    NotificationDelivered,
    NotificationFailed,
)
from shared.kernel.canonical import Json, encode
from shared.kernel.cloudevent import CloudEvent, from_document
from shared.kernel.partner import concerns

SERVICES = ("registry", "dispatch", "notify", "audit")
TELLING = ("registry", "dispatch")
"""The services whose events go to partner units."""

SETTLE_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of audit's log."""

    seq: int
    event: CloudEvent


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `POST audit/v1/verify` answered. `chain` is in hex."""

    intact: bool
    entries: int
    chain: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """The record of the day. `logs` are the events of each service as it tells them itself, ids in order.

    `entries` ends before the audit's last events, which are those of its being read.
    """

    entries: Sequence[Entry]
    logs: Mapping[str, Sequence[str]]
    verdict: Verdict

    def of_type(self, event_type: str) -> list[CloudEvent]:
        """All events of one type that audit has."""
        return [entry.event for entry in self.entries if entry.event.type == event_type]

    def due(self, unit: str) -> set[str]:
        """The ids of the events that `unit` was to be told of."""
        return due(self.entries, unit)

    def delivered(self) -> list[Attempted]:
        """Every attempt that was taken, as notify reported it to audit, in order."""
        return delivered(self.entries)

    def failed(self) -> list[Failed]:
        """Every attempt that came to nothing, as notify reported it to audit, in order."""
        return failed(self.entries)


def due(entries: Collection[Entry], unit: str) -> set[str]:
    """By audit's account: all that concerns `unit` and was recorded after its endpoint. Empty without one."""
    since = [
        entry.event.recorded
        for entry in entries
        if entry.event.type == EndpointRegistered.type and entry.event.data.get("unit") == unit
    ]
    return {
        entry.event.id
        for entry in entries
        if since and entry.event.service in TELLING
        if entry.event.recorded > since[0] and concerns(entry.event.data, unit)
    }


def delivered(entries: Collection[Entry]) -> list[Attempted]:
    """The attempts in notify's reports that were taken."""
    reports = [entry.event.data for entry in entries if entry.event.type == NotificationDelivered.type]
    return [made for report in reports for made in NotificationDelivered.model_validate(report).deliveries]


def failed(entries: Collection[Entry]) -> list[Failed]:
    """The attempts in notify's reports that came to nothing."""
    reports = [entry.event.data for entry in entries if entry.event.type == NotificationFailed.type]
    return [made for report in reports for made in NotificationFailed.model_validate(report).deliveries]


async def settle(callers: Callers, endpoints: Mapping[str, str]) -> None:
    """Return once every unit has been told of everything and audit has recorded it all.

    Raises DemoFailed if that takes over a minute, or if a delivery was given up.
    """
    desk = callers.dispatcher
    for service in TELLING:
        await desk.get("notify", "/v1/endpoints", after=callers.position(service))
    await until("every unit has been told", lambda: _all_told(desk, endpoints))
    for service in SERVICES:
        log = await read_log(callers.auditor, service)
        await callers.auditor.get("audit", "/v1/sources", after=f"{service}@{log.head}")


async def _all_told(desk: Api, endpoints: Mapping[str, str]) -> bool:
    for unit, endpoint in endpoints.items():
        if await deliveries(desk, endpoint, "exhausted"):
            raise DemoFailed(f"notify has given up a delivery to {unit}")
        if await deliveries(desk, endpoint, "pending"):
            return False
    return True


async def deliveries(desk: Api, endpoint: str, state: str) -> list[dict[str, Json]]:
    """The first deliveries to an endpoint in this state."""
    reply = await desk.get("notify", "/v1/deliveries", {"endpoint": endpoint, "state": state, "limit": 500})
    return reply.items


async def gather(auditor: Api) -> Evidence:
    """Read everything, when it has settled, and have it verified."""
    entries = await read_entries(auditor)
    logs = {service: await read_log(auditor, service) for service in SERVICES}
    # These two are not on record, so that nothing moves between the count and the verdict.
    await auditor.get("audit", "/v1/sources", after=f"audit@{logs['audit'].head}")
    said = (await auditor.post("audit", "/v1/verify", {})).body
    verdict = Verdict(said.get("intact") is True, _number(said, "entries"), str(said.get("chain")))
    return Evidence(entries, {service: log.ids for service, log in logs.items()}, verdict)


async def read_entries(auditor: Api, **only: str) -> list[Entry]:
    """Audit's entries, all or only those of a `stream` or `type`."""
    found: list[Entry] = []
    async for page in auditor.pages("audit", "/v1/entries", only, cursor="after"):
        found += [_entry(item) for item in page.items]
    return found


@dataclass(frozen=True, slots=True)
class Log:
    """A service's log as it tells it itself: the ids of its events, and how many commits it has."""

    ids: Sequence[str]
    head: int


async def read_log(auditor: Api, service: str) -> Log:
    """All events of a service, by its own feed."""
    ids: list[str] = []
    head = 0
    async for page in auditor.pages(service, "/v1/events", cursor="after"):
        ids += [str(item["id"]) for item in page.items]
        head = int(page.text("next")) if page.body.get("next") is not None else head
    return Log(ids, head)


async def until(what: str, condition: Callable[[], Awaitable[bool]]) -> None:
    """Return as soon as `condition` holds. Raises DemoFailed if that takes over a minute."""
    deadline = monotonic() + SETTLE_PATIENCE_S
    while not await condition():
        if monotonic() > deadline:
            raise DemoFailed(f"it did not come about within {SETTLE_PATIENCE_S:.0f} s that {what}")
        await asyncio.sleep(0.2)


def _entry(item: Mapping[str, Json]) -> Entry:
    event = item["event"]
    if not isinstance(event, dict):
        raise DemoFailed("an entry of audit's log has no event")
    return Entry(_number(item, "seq"), from_document(event, encode(event)))


def _number(body: Mapping[str, Json], name: str) -> int:
    found = body.get(name)
    if not isinstance(found, int):
        raise DemoFailed(f"an answer has no number in its field {name}")
    return found
