"""The catalogue in memory: services and units, by what their events say, for readers without a token.

Some hundreds of each, however many residents there are. Source of how a view in memory is kept: ADR 7.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from services.registry.entries import KINDS, Entry, applied, fresh
from services.registry.hsds import is_public, uuid_of
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent

_KINDS = ("service", "unit")


class PublicCatalogue:
    """Services and units in the order in which they came on record."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[str, Entry]] = {kind: {} for kind in _KINDS}
        self._ids: dict[str, str] = {}

    @property
    def units(self) -> Mapping[str, Entry]:
        """All units, by id; those that take part no longer too."""
        return self._entries["unit"]

    async def follow(self, events: Sequence[CloudEvent]) -> None:
        """See `View.follow`: registry's own events."""
        for event in events:
            kind = KINDS.get(event.type)
            known = next((of_kind for of_kind in self._entries.values() if event.stream in of_kind), None)
            if known is None and kind in self._entries:
                known = self._entries[str(kind)]
                known[event.stream] = fresh(event, 0)
                self._ids[uuid_of(event.stream)] = event.stream
            if known is not None:
                known[event.stream] = applied(known[event.stream], event)

    def rows(self) -> Iterator[Json]:
        """See `View.rows`."""
        return (entry for of_kind in self._entries.values() for entry in of_kind.values())

    def restore(self, rows: Sequence[Json]) -> None:
        """See `View.restore`."""
        for row in rows:
            entry = cast(Entry, row)
            self._entries[entry["kind"]][entry["_id"]] = entry
            self._ids[uuid_of(entry["_id"])] = entry["_id"]

    def services(self, community: str | None, organization: str | None) -> list[Entry]:
        """Those in use that anybody may read of; of one community, or one lead unit's by its UUID."""
        return [
            entry
            for entry in self._entries["service"].values()
            if not entry["ended"]
            and is_public(entry)
            and community in (None, entry["community"])
            and organization in (None, uuid_of(entry["facts"]["lead_unit"]))
        ]

    def service(self, uuid: str) -> Entry | None:
        """One by its UUID, also if it was withdrawn; None if there is none that anybody may read of."""
        entry = self._entries["service"].get(self._ids.get(uuid, ""))
        return entry if entry is not None and is_public(entry) else None

    def organizations(self, community: str | None) -> list[Entry]:
        """The units that take part."""
        return [
            entry
            for entry in self.units.values()
            if not entry["ended"] and community in (None, entry["community"])
        ]

    def organization(self, uuid: str) -> Entry | None:
        """One that takes part, by its UUID."""
        entry = self.units.get(self._ids.get(uuid, ""))
        return entry if entry is not None and not entry["ended"] else None
