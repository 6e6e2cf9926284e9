"""Read models in memory that follow the log as one: it is read once, and one snapshot has them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from services.dispatch.duties import Duties
from services.dispatch.public_requests import PublicRequests
from services.dispatch.states import Read, Recall
from services.dispatch.timelines import Timelines
from services.dispatch.views import Requests
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent
from shared.runtime.projection import View


def new_views(read: Read, recall: Recall | None = None) -> Mapping[str, View]:
    """Those of dispatch, with nothing in them. A view that changes its rows' shape changes its name."""
    return {
        "requests": Requests(read, recall),
        "duties": Duties(),
        "open311": PublicRequests(),
        "figures": Timelines(),
    }


@dataclass(frozen=True, slots=True)
class Memory:
    """`views` by their names; `empty` makes the same ones with nothing in them."""

    views: Mapping[str, View]
    empty: Callable[[], Mapping[str, View]]

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

    def fresh(self) -> Memory:
        """See `Renewable.fresh`."""
        return Memory(self.empty(), self.empty)

    def become(self, fresh: View) -> None:
        """See `Renewable.become`."""
        assert isinstance(fresh, Memory)
        for name, view in self.views.items():
            other = fresh.views[name]
            if isinstance(view, Requests) and isinstance(other, Requests):
                view.become(other)
            else:
                vars(view).update(vars(other))  # nobody else is told of what it has
