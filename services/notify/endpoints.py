"""notify's endpoints in memory: who is told where, and the sealed address and secrets of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidTag

from services.notify.channels.channel import Target
from services.notify.domain.robots import ROBOTS
from shared.events.index import decode
from shared.events.notify import EndpointRegistered
from shared.folds.endpoint import FOLD
from shared.folds.endpoint import Endpoint as State
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent
from shared.runtime.keyring import KeyMissing
from shared.runtime.sealed import Erased, SealedDetails

PREFIX = "endpoint-"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint as of `version`. `since` is when it was registered."""

    id: str
    state: State
    version: int
    since: str

    @property
    def facts(self) -> EndpointRegistered:
        """What it was registered with, and what was amended since."""
        facts = self.state.facts
        assert isinstance(facts, EndpointRegistered)
        return facts

    @property
    def unit(self) -> str:
        """Whose it is, or whose volunteer's."""
        return self.facts.unit

    @property
    def community(self) -> str:
        """Where it belongs."""
        return self.facts.community

    @property
    def owner(self) -> str:
        """The box of whoever is told: the unit's, or the volunteer's."""
        return self.facts.volunteer or self.facts.unit


Changed = Callable[[Endpoint], None]


@dataclass(frozen=True, slots=True)
class Said:
    """An event of an endpoint, as snapshots keep it."""

    type: str
    data: Mapping[str, Json]
    time: str
    version: int


class NoAddress(Exception):
    """Where an endpoint is told is not known: what was sealed of it is lost."""


class ViaRemoved(NoAddress):
    """The endpoint that it is told by is no more."""


class Endpoints:
    """All endpoints, by following notify's own log; a view that is kept in memory."""

    def __init__(self, sealed: SealedDetails) -> None:
        self._sealed = sealed
        self._events: dict[str, list[Said]] = {}
        self._endpoints: dict[str, Endpoint] = {}
        self._by_unit: dict[str, set[str]] = {}
        self._opened: dict[str, Mapping[str, Json]] = {}
        self._watchers: list[Changed] = []

    def watch(self, changed: Changed) -> None:
        """Call `changed` with each endpoint that is new or has changed."""
        self._watchers.append(changed)

    async def follow(self, events: Sequence[CloudEvent]) -> None:
        """See `View.follow`."""
        for event in events:
            known = self._endpoints.get(event.stream)
            if event.stream.startswith(PREFIX) and event.version > (known.version if known else 0):
                self._take(event.stream, Said(event.type, event.data, event.time, event.version))
                for changed in self._watchers:
                    changed(self._endpoints[event.stream])

    def rows(self) -> Iterator[Json]:
        """See `View.rows`: each endpoint with its events, of which there are few."""
        for endpoint, events in list(self._events.items()):
            yield [endpoint, [[said.type, dict(said.data), said.time, said.version] for said in events]]

    def restore(self, rows: Sequence[Json]) -> None:
        """See `View.restore`."""
        self._events, self._endpoints, self._by_unit = {}, {}, {}
        for row in rows:
            assert isinstance(row, list)
            endpoint, events = str(row[0]), row[1]
            assert isinstance(events, list)
            for event in events:
                assert isinstance(event, list)
                assert isinstance(event[1], dict)
                self._take(endpoint, Said(str(event[0]), event[1], str(event[2]), int(str(event[3]))))

    def _take(self, endpoint: str, said: Said) -> None:
        known = self._endpoints.get(endpoint)
        state = FOLD.initial if known is None else known.state
        decoded = decode(said.type, said.data)
        after = state if decoded is None else FOLD.evolve(state, decoded)
        since = said.time if known is None else known.since
        self._endpoints[endpoint] = found = Endpoint(endpoint, after, said.version, since)
        events = self._events.setdefault(endpoint, [])
        if events and events[-1].type.startswith("deliver"):
            events.pop()  # it says nothing but the version, which is the next one's now
        events.append(said)
        if after.ended:
            for digest in (after.address, *(secret.details for secret in after.secrets)):
                self._opened.pop(str(digest), None)
        of_unit = self._by_unit.setdefault(found.unit, set())
        of_unit.discard(endpoint) if after.ended else of_unit.add(endpoint)

    def of_units(self, units: Iterable[str]) -> list[Endpoint]:
        """All endpoints of these units and of their volunteers, by id."""
        ids = {id for unit in units for id in self._by_unit.get(unit, ())}
        return [self._endpoints[id] for id in sorted(ids)]

    def all(self) -> list[Endpoint]:
        """Every endpoint that was not removed, by id."""
        return self.of_units(self._by_unit)

    def ever(self) -> list[str]:
        """The ids of all endpoints that there ever were."""
        return sorted(self._endpoints)

    def even_if_removed(self, endpoint: str) -> Endpoint:
        """The endpoint with this id, removed or not. Raises KeyError."""
        return self._endpoints[endpoint]

    def get(self, endpoint: str) -> Endpoint | None:
        """The endpoint with this id, unless it was removed."""
        found = self._endpoints.get(endpoint)
        return None if found is None or found.state.ended else found

    def count(self, unit: str) -> int:
        """How many endpoints `unit` and its volunteers have."""
        return len(self._by_unit.get(unit, ()))

    async def target(self, endpoint: Endpoint) -> Target:
        """Where `endpoint` is told. Raises NoAddress."""
        by = endpoint
        if endpoint.facts.via is not None:
            found = self.get(endpoint.facts.via)
            if found is None:
                raise ViaRemoved(endpoint.id)
            by = found
        assert by.state.address is not None
        address = await self._open(by.state.address)
        facts = by.facts
        if facts.channel in ROBOTS:
            secrets = [address]  # a robot's secret comes with its address
        else:
            secrets = [await self._open(secret.details) for secret in by.state.live(datetime.now(UTC))]
        return Target(
            endpoint=endpoint.id,
            unit=facts.unit,
            address=str(address["url"]),
            secrets=tuple(str(each["secret"]) for each in secrets if each.get("secret")),
            signature=facts.signature,
            format=endpoint.facts.format,
            language=endpoint.facts.language,
        )

    async def _open(self, digest: str) -> Mapping[str, Json]:
        if digest not in self._opened:
            try:
                self._opened[digest] = await self._sealed.read(digest)
            except (Erased, KeyMissing, InvalidTag) as error:
                raise NoAddress(digest) from error
        return self._opened[digest]
