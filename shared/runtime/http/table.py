"""Which route a call is for, looked up by the words of its path and not by trying one route after the other.

What is not found here is looked for as FastAPI does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.convertors import PathConvertor, StringConvertor
from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Match, NoMatchFound, Route
from starlette.types import Receive, Scope, Send

Form = tuple[int, ...]
"""Where in a path there are words, and not values."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A route, its place among all, and where in its path which values are."""

    place: int
    route: Route
    values: tuple[tuple[int, str], ...]


@dataclass(slots=True)
class _Ways:
    """Those of one method and one number of parts: by their form, then by their words."""

    by_form: dict[Form, dict[tuple[str, ...], _Way]] = field(default_factory=dict)

    def add(self, form: Form, words: tuple[str, ...], way: _Way) -> None:
        self.by_form.setdefault(form, {}).setdefault(words, way)

    def find(self, parts: Sequence[str]) -> _Way | None:
        """The first of those that fit, as if each were tried in turn."""
        found: _Way | None = None
        for form, by_words in self.by_form.items():
            way = by_words.get(tuple([parts[at] for at in form]))
            if way is not None and (found is None or way.place < found.place):
                found = way
        return found


class Table(BaseRoute):
    """The first of all routes: it is for every call that one of `routes` is for, as far as it has them."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._ways: dict[tuple[str, int], _Ways] = {}
        before: list[list[str]] = []
        for place, route in enumerate(routes):
            if not isinstance(route, Route) or _takes_any_number_of_parts(route):
                break  # whatever it is for, those behind it must not come first
            parts = route.path_format.split("/")
            if _is_plain(route, parts) and not any(_may_be_both(parts, other) for other in before):
                self._add(place, route, parts)
            else:
                before.append(parts)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See `BaseRoute.matches`."""
        found = self.find(scope)
        return (Match.NONE, {}) if found is None else (Match.FULL, found)

    def find(self, scope: Scope) -> Scope | None:
        """What goes into the scope of a call that it is for: its `route`, `endpoint` and `path_params`."""
        if scope["type"] != "http" or scope.get("root_path"):
            return None
        parts = scope["path"].split("/")
        ways = self._ways.get((scope["method"], len(parts)))
        way = None if ways is None else ways.find(parts)
        if way is None:
            return None
        values = {name: parts[at] for at, name in way.values}
        if not all(values.values()):
            return None
        return {"route": way.route, "endpoint": way.route.endpoint, "path_params": values}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `BaseRoute.handle`: for a call that it is for."""
        await scope["route"].app(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """See `BaseRoute.url_path_for`: the routes say it themselves."""
        raise NoMatchFound(name, path_params)

    def _add(self, place: int, route: Route, parts: Sequence[str]) -> None:
        form = tuple(at for at, part in enumerate(parts) if not part.startswith("{"))
        values = tuple((at, part[1:-1]) for at, part in enumerate(parts) if part.startswith("{"))
        way = _Way(place, route, values)
        for method in route.methods or ():
            ways = self._ways.setdefault((method, len(parts)), _Ways())
            ways.add(form, tuple(parts[at] for at in form), way)


def _is_plain(route: Route, parts: Sequence[str]) -> bool:
    """Whether each part of its path is a word, or a whole value that may be any text."""
    whole = all("{" not in part or (part[0], part[-1], part.count("{")) == ("{", "}", 1) for part in parts)
    return whole and all(type(each) is StringConvertor for each in route.param_convertors.values())


def _takes_any_number_of_parts(route: Route) -> bool:
    return any(isinstance(each, PathConvertor) for each in route.param_convertors.values())


def _may_be_both(parts: Sequence[str], others: Sequence[str]) -> bool:
    """Whether there may be a path that both are for."""
    return len(parts) == len(others) and all(
        "{" in one or "{" in other or one == other for one, other in zip(parts, others, strict=True)
    )
