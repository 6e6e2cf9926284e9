"""Figures of what was asked for and what came of it: as JSON, as a table, as a chart. See docs/figures.md."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.dispatch import chart_words
from services.dispatch.api import figures_shapes as shapes
from services.dispatch.api.desk import Reader
from services.dispatch.chart import Chart, drawn
from services.dispatch.domain.figures import By, Figures, Share, Spans, weeks_from
from services.dispatch.domain.working_time import LOCAL
from services.dispatch.figure_desk import Asked, FigureDesk, Made
from shared.kernel.times import Time, format_time, to_milliseconds
from shared.runtime.access import Principal
from shared.runtime.http.bodies import Code
from shared.runtime.http.calls import json_response
from shared.runtime.http.problems import Problem, not_found
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1", tags=["figures"], route_class=Route)

USUAL = timedelta(days=30)
_PICTURE = {"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff"}


async def _desk(request: Request) -> FigureDesk:
    desk: FigureDesk = request.app.state.figures
    return desk


FigureDeskOf = Annotated[FigureDesk, Depends(_desk)]


class FiguresQuery(BaseModel):
    """Of which requests, as of when, told apart by what."""

    model_config = ConfigDict(extra="forbid")

    start: Time | None = Field(
        None, alias="from", description="taken in then or later; 30 days before `to` if not said"
    )
    to: Time | None = Field(None, description="taken in before; `as_of`, if not said")
    as_of: Time | None = Field(None, description="only what was on record then counts; now, if not said")
    by: By | None = None
    community: Code | None = None


class ChartQuery(FiguresQuery):
    """Which figure, in which language."""

    by: By = "week"
    figure: chart_words.Charted = "response_rate"
    lang: chart_words.Lang = "zh"


@router.get(
    "/figures", summary="Rates and times of the requests of a period", responses=shapes.figures_answers()
)
async def figures(
    request: Request, query: Annotated[FiguresQuery, Query()], principal: Reader, desk: FigureDeskOf
) -> Response:
    """As a table with `Accept: text/csv`. For a unit's client, of the requests that concern its unit; other
    units are not named. 404 for another community; 422 `as-of-ahead`, `period-backward`."""
    found = await _made(query, principal, desk)
    if "text/csv" in request.headers.get("accept", ""):
        return _table(found)
    asked = found.asked
    response = json_response(
        {
            "from": format_time(asked.start),
            "to": format_time(asked.end),
            "as_of": format_time(asked.as_of),
            "by": asked.by,
            "total": _shown(found.total),
            "groups": [{"group": name, "figures": _shown(each)} for name, each in found.groups.items()],
        }
    )
    response.headers["Vary"] = "Accept"
    return response


@router.get(
    "/figures.csv",
    summary="The same as a table",
    responses=shapes.table_answers(),
    response_class=Response,
)
async def table(query: Annotated[FiguresQuery, Query()], principal: Reader, desk: FigureDeskOf) -> Response:
    """UTF-8 (RFC 4180), a line for each group, one for all without `by`. 404 and 422 as `/v1/figures`."""
    return _table(await _made(query, principal, desk))


@router.get(
    "/figures/chart.svg",
    summary="One figure as a chart",
    responses=shapes.chart_answers(),
    response_class=Response,
)
async def chart(query: Annotated[ChartQuery, Query()], principal: Reader, desk: FigureDeskOf) -> Response:
    """A line by week, else bars; for reports. 404 and 422 as `/v1/figures`."""
    found = await _made(query, principal, desk)
    (title, unit), groups = chart_words.FIGURES[query.figure], chart_words.GROUPS[query.by]
    share = unit == chart_words.PERCENT
    names = [*found.groups]
    if query.by == "week":
        names = [*weeks_from([name for name in names if name is not None])]
    labels = await _labels(desk, query, names)
    points = [(label, _value(found.groups.get(name), query.figure, share)) for name, label in labels]
    picture = Chart(
        f"{chart_words.in_lang(title, query.lang)} {_days(found.asked)}",
        chart_words.in_lang(groups, query.lang),
        chart_words.in_lang(unit, query.lang),
        chart_words.in_lang(chart_words.NOTHING, query.lang),
        points,
        line=query.by == "week",
        top=100 if share else 0,
    )
    return Response(drawn(picture), media_type=shapes.SVG, headers=_PICTURE)


async def _made(query: FiguresQuery, principal: Principal, desk: FigureDesk) -> Made:
    now = to_milliseconds(desk.service.clock())
    as_of = query.as_of or now
    if as_of > now:
        raise Problem(422, "as-of-ahead", "nothing is known yet of what is ahead; send an `as_of` up to now")
    end = query.to or as_of
    start = query.start or end - USUAL
    if start >= end:
        raise Problem(422, "period-backward", "the period ends before it starts; send a `from` before `to`")
    if query.community is not None and query.community not in principal.communities:
        raise not_found()
    communities = principal.communities if query.community is None else frozenset({query.community})
    return await desk.make(Asked(start, end, as_of, communities, principal.unit, query.by))


def _shown(figures: Figures) -> dict[str, object]:
    shown: dict[str, object] = {}
    for name in figures.__slots__:
        value = getattr(figures, name)
        shown[name] = asdict(value) if isinstance(value, Share | Spans) else value
        if isinstance(value, Share):
            shown[name] = {"value": value.value, "count": value.count, "of": value.of}
    return shown


def _table(made: Made) -> Response:
    asked = made.asked
    said = [format_time(asked.start), format_time(asked.end), format_time(asked.as_of), asked.by or ""]
    groups = made.groups if asked.by is not None else {None: made.total}
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["from", "to", "as_of", "by", "group", *made.total.flat()])
    for name, figures in groups.items():
        writer.writerow([*said, name, *figures.flat().values()])
    headers = {"Content-Disposition": 'attachment; filename="figures.csv"', "Vary": "Accept"}
    return Response(out.getvalue(), media_type=shapes.CSV, headers=headers)


def _value(figures: Figures | None, name: str, share: bool) -> float | None:
    value = None if figures is None else figures.flat()[name]
    return round(value * 100, 2) if share and value is not None else value


async def _labels(
    desk: FigureDesk, query: ChartQuery, names: Iterable[str | None]
) -> list[tuple[str | None, str]]:
    """Each of `names` with the words for it."""
    known = await desk.names(query.by, [name for name in names if name is not None])

    def label(name: str | None) -> str:
        if name is None or name in chart_words.CODES:
            return chart_words.in_lang(chart_words.CODES.get(name or "", chart_words.OTHERS), query.lang)
        said = known.get(name, name)
        return str(said[query.lang]) if isinstance(said, dict) else str(said)

    return [(name, label(name)) for name in names]


def _days(asked: Asked) -> str:
    """The days of the period by China's time, the last one included."""
    first, last = (
        moment.astimezone(LOCAL) for moment in (asked.start, asked.end - timedelta(milliseconds=1))
    )
    return f"{first:%Y-%m-%d} / {last:%Y-%m-%d}"
