"""What the routes of figures answer, for dispatch's OpenAPI document."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from shared.kernel.times import Time
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape, answers

CSV, SVG = "text/csv", "image/svg+xml"


class Share(Shape):
    """`count` of `of`, as `value` from 0 to 1; null of nothing."""

    example: ClassVar[Document] = {"value": 0.9231, "count": 36, "of": 39}

    value: float | None
    count: int
    of: int


class Spans(Shape):
    """Minutes of wall-clock time, by nearest rank, over `of` requests; null of none."""

    example: ClassVar[Document] = {"median": 42.5, "p90": 190.0, "of": 39}

    median: float | None
    p90: float | None
    of: int


class FigureSet(Shape):
    """The figures of some requests; docs/figures.md defines each."""

    example: ClassVar[Document] = {
        "requests": 45,
        "duplicates": 2,
        "rejected": 1,
        "withdrawn": 1,
        "counted": 41,
        "running": 2,
        "reopenings": 3,
        **dict.fromkeys(
            ("response_rate", "on_time_rate", "resolution_rate", "solved_rate", "satisfaction_rate"),
            Share.example,
        ),
        "satisfaction_mean": 4.35,
        **dict.fromkeys(("repeat_rate", "reopening_rate", "coverage", "reached"), Share.example),
        **dict.fromkeys(("minutes_to_assign", "minutes_to_visit", "minutes_to_resolve"), Spans.example),
    }

    requests: int
    duplicates: int
    rejected: int
    withdrawn: int
    counted: int
    running: int
    reopenings: int
    response_rate: Share
    on_time_rate: Share
    resolution_rate: Share
    solved_rate: Share
    satisfaction_rate: Share
    satisfaction_mean: float | None
    repeat_rate: Share
    reopening_rate: Share
    coverage: Share
    reached: Share
    minutes_to_assign: Spans
    minutes_to_visit: Spans
    minutes_to_resolve: Spans


class Group(Shape):
    """The figures of one group; `group` is null for requests that have no such thing."""

    example: ClassVar[Document] = {"group": "2026-W48", "figures": FigureSet.example}

    group: str | None
    figures: FigureSet


class Figures(Shape):
    """Figures of the requests of a period, as they stood at `as_of`."""

    example: ClassVar[Document] = {
        "from": "2026-11-01T00:00:00.000Z",
        "to": "2026-12-01T00:00:00.000Z",
        "as_of": "2026-12-01T00:00:00.000Z",
        "by": "week",
        "total": FigureSet.example,
        "groups": [Group.example],
    }

    start: Time = Field(alias="from")
    to: Time
    as_of: Time
    by: str | None
    total: FigureSet
    groups: list[Group] = Field(description="in the order of their names; empty without `by`")


TABLE = "from,to,as_of,by,group,requests,counted\r\n2026-11-01T00:00:00.000Z,…,week,2026-W48,45,41\r\n"
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 464 434"></svg>\n'


def table_answers() -> dict[int | str, Document]:
    """A table."""
    return {200: {"description": "A table.", "content": _text(CSV, TABLE), "headers": {}}}


def figures_answers() -> dict[int | str, Document]:
    """Figures, as JSON or as a table."""
    described = answers(Figures)
    described[200] = {**described[200], "content": _text(CSV, TABLE)}
    return described


def chart_answers() -> dict[int | str, Document]:
    """A picture."""
    return {200: {"description": "A picture.", "content": _text(SVG, PICTURE), "headers": {}}}


def _text(kind: str, example: str) -> Document:
    return {kind: {"schema": {"type": "string"}, "example": example}}
