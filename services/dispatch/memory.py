"""Read models in memory that follow the log as one: it is read once, and one snapshot has them all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent
from shared.runtime.projection import View


@dataclass(frozen=True, slots=True)
class Memory:
    """`views` by their names; a view that changes its rows' shape changes its name."""

    views: Mapping[str, View]

    async def follow(self, events: Sequence[CloudEvent]) -> None:
        """See `View.follow`."""
        for view in self.views.values():
            await view.follow(events)

    def rows(self) -> Iterator[Json]:
        """See `View.rows`: each with the name of its view before it."""
        for name, view in self.views.items():
            for row in view.rows():
                yield [name, row]

    def restore(self, rows: Sequence[Json]) -> None:
        """See `View.restore`."""
        by_name: dict[str, list[Json]] = {name: [] for name in self.views}
        for row in rows:
            name, values = cast(list[Json], row)
            by_name[cast(str, name)].append(values)
        for name, view in self.views.items():
            view.restore(by_name[name])
