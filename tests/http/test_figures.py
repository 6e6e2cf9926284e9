"""Figures over HTTP: what was recorded just now is in them, and nothing that is not the caller's."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from xml.etree import ElementTree

import pytest

from services.dispatch import chart_words
from services.dispatch.chart import Chart, drawn
from services.dispatch.domain.cases import case_of
from services.dispatch.domain.figures import Figures, Period, figures_of
from services.dispatch.domain.steps import step_of
from shared.events.index import decode
from shared.folds.request import FOLD
from shared.kernel.cloudevent import CloudEvent, from_document
from shared.kernel.times import format_time, parse_time
from tests.support.client import Client, Reply
from tests.support.community import HEALTH, MEALS, SCHOOL, Community, slot
from tests.support.everyday_life import at_the_door, between_units, offers, put_aside
from tests.support.recount import recount

SVG = "{http://www.w3.org/2000/svg}"
FLAT = figures_of([], Period(0, 0, 0)).flat()


async def made(client: Client, since: str, **query: str) -> Any:
    """The figures of requests taken in since then."""
    reply = await client.get("/v1/figures", **{"from": since}, **query)
    assert reply.status == 200, reply.body
    return reply.body


def now() -> str:
    return format_time(datetime.now(UTC))


async def visited(shaba: Community) -> str:
    """A request with a visit that is over."""
    volunteer, when = await shaba.volunteer(), slot(-0.5, 2)
    desk, id = shaba.staff["dispatch"], await shaba.assigned(volunteer, when)
    visit = await desk.post(f"/v1/requests/{id}/visits", {"volunteer": volunteer, "slot": when})
    assert visit.status == 201, visit.body
    there = f"/v1/visits/{visit.body['id']}"
    assert (await desk.post(f"{there}/check-in", {"method": "gps"})).status == 200
    times = {"started_at": now(), "ended_at": now()}
    done = {"outcome": "done", "contact_made": True, **times}
    assert (await desk.post(f"{there}/complete", done)).status == 200
    return id


async def test_figures_have_what_was_recorded_just_now(shaba: Community) -> None:
    since = now()
    await shaba.request()
    await visited(shaba)
    total = (await made(shaba.staff["dispatch"], since))["total"]
    assert (total["requests"], total["counted"], total["running"]) == (2, 2, 1)
    assert total["response_rate"] == {"value": 1.0, "count": 1, "of": 1}
    assert total["coverage"] == {"value": 0.5, "count": 1, "of": 2}
    assert total["satisfaction_mean"] is None
    assert [total[f"minutes_to_{name}"]["of"] for name in ("assign", "visit", "resolve")] == [1, 1, 0]


async def test_figures_of_a_past_moment_are_what_was_known_then(shaba: Community) -> None:
    since = now()
    await shaba.request()
    between = now()
    await visited(shaba)
    desk = shaba.staff["dispatch"]
    before = await made(desk, since, as_of=between, by="week")
    assert (before["total"]["requests"], before["as_of"], before["to"]) == (1, between, between)
    assert len(before["groups"]) == 1
    assert before == await made(desk, since, as_of=between, by="week")
    assert (await made(desk, since))["total"]["requests"] == 2


@pytest.mark.parametrize(
    ("by", "group"),
    [
        ("service", "service-home-health-help"),
        ("category", "community-service"),
        ("unit", HEALTH),
        ("team", "residents"),
        ("grid", "shaba-03"),
    ],
)
async def test_groups_are_named_as_elsewhere(shaba: Community, by: str, group: str) -> None:
    since = now()
    await visited(shaba)
    found = await made(shaba.staff["dispatch"], since, by=by)
    assert [(each["group"], each["figures"]) for each in found["groups"]] == [(group, found["total"])]


async def test_a_unit_sees_its_own_requests_and_no_other_units_name(shaba: Community) -> None:
    since = now()
    await visited(shaba)
    body = {"service": MEALS, "grid": "shaba-03", "channel": "unit"}
    assert (await shaba.school["dispatch"].post("/v1/requests", body)).status == 201
    ours = await made(shaba.school["dispatch"], since, by="unit")
    assert ours["total"]["requests"] == 1
    assert [each["group"] for each in ours["groups"]] == [None]
    theirs = await made(shaba.staff["dispatch"], since, by="unit")
    assert theirs["total"]["requests"] == 2
    table = (await shaba.school["dispatch"].get("/v1/figures.csv", by="unit", **{"from": since})).raw
    assert SCHOOL.encode() not in table
    assert b"unit-" not in table


def flat(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures of a document by the names of the table's columns."""
    found: dict[str, Any] = {}
    for name, said in figures.items():
        parts = said if isinstance(said, dict) else {"value": said}
        found |= {name if part == "value" else f"{name}_{part}": value for part, value in parts.items()}
    return found


async def log_of(client: Client) -> list[CloudEvent]:
    """All that the service has recorded."""
    events: list[CloudEvent] = []
    after: str | None = "0"
    while after is not None:
        page = (await client.get("/v1/events", after=after, limit="500")).body
        events += [from_document(document, b"") for document in page["items"]]
        after = page["next"]
    return events


@pytest.mark.parametrize("by", ["service", "category", "unit", "grid", "week"])
async def test_figures_agree_with_a_count_made_from_the_log(shaba: Community, by: str) -> None:
    await offers(shaba)
    await at_the_door(shaba)
    await put_aside(shaba)
    await between_units(shaba)
    start, as_of = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC)
    document = await made(shaba.staff["dispatch"], format_time(start), as_of=format_time(as_of), by=by)
    log = await log_of(shaba.admin["dispatch"])
    exact = {name: parse_time(document[name]) for name in ("to", "as_of")}
    total, groups = recount(log, parse_time(document["from"]), exact["to"], exact["as_of"], by)
    assert total["requests"] > 3
    assert flat(document["total"]) == total
    assert {each["group"]: flat(each["figures"]) for each in document["groups"]} == groups
    for id in {event.stream for event in log if event.type == "request-created"}:
        concerned_alike([event for event in log if event.stream == id])


def concerned_alike(events: list[CloudEvent]) -> None:
    """The units that a request concerns are the same for figures as for the request itself."""
    case = case_of(step_of(e.version, e.type, e.time, e.recorded, e.data) for e in events)
    state = FOLD.over(said for e in events if (said := decode(e.type, e.data)) is not None)
    assert case is not None
    assert case.units == {*state.units}, [event.type for event in events]


async def test_a_table_says_the_same_as_the_document(shaba: Community) -> None:
    since = now()
    await visited(shaba)
    desk, query = shaba.staff["dispatch"], {"from": since, "as_of": now(), "by": "service"}
    document = (await desk.get("/v1/figures", **query)).body
    tables = [
        await desk.get("/v1/figures.csv", **query),
        await desk.call("GET", "/v1/figures", params=query, headers={"Accept": "text/csv"}),
    ]
    assert tables[0].raw == tables[1].raw
    assert tables[0].headers["content-type"] == "text/csv; charset=utf-8"
    [row] = csv.DictReader(io.StringIO(tables[0].raw.decode()))
    [group] = document["groups"]
    assert (row["group"], row["as_of"]) == (group["group"], document["as_of"])
    assert [*row][5:] == [*FLAT]
    assert float(row["coverage"]) == group["figures"]["coverage"]["value"]
    assert row["coverage_of"] == str(group["figures"]["coverage"]["of"])
    assert row["satisfaction_mean"] == ""


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"as_of": format_time(datetime.now(UTC) + timedelta(days=1))}, "as-of-ahead"),
        ({"from": "2026-11-02T00:00:00Z", "to": "2026-11-01T00:00:00Z"}, "period-backward"),
        ({"by": "street"}, "invalid-request"),
        ({"from": "yesterday"}, "invalid-request"),
        ({"since": "2026-11-02T00:00:00Z"}, "invalid-request"),
    ],
)
async def test_what_cannot_be_answered_is_refused(shaba: Community, query: dict[str, str], code: str) -> None:
    for path in ("/v1/figures", "/v1/figures.csv", "/v1/figures/chart.svg"):
        reply = await shaba.staff["dispatch"].get(path, **query)
        assert (reply.status, reply.body["code"]) == (422, code)


async def test_another_community_is_not_there(shaba: Community) -> None:
    for path in ("/v1/figures", "/v1/figures.csv", "/v1/figures/chart.svg"):
        reply = await shaba.staff["dispatch"].get(path, community="elsewhere")
        assert (reply.status, reply.body["code"]) == (404, "not-found")


def texts(reply: Reply) -> list[str]:
    """What is written in a picture."""
    assert (reply.status, reply.headers["content-type"]) == (200, "image/svg+xml"), reply.raw
    assert reply.headers["content-security-policy"] == "default-src 'none'"
    return [str(each.text) for each in ElementTree.fromstring(reply.raw).iter(f"{SVG}text")]


async def test_a_chart_has_title_axes_and_values_in_either_language(shaba: Community) -> None:
    since = now()
    await visited(shaba)
    desk = shaba.staff["dispatch"]
    query = {"from": since, "by": "service", "figure": "coverage"}
    chinese = texts(await desk.get("/v1/figures/chart.svg", **query))
    assert chinese[0].startswith("上门覆盖率 ")
    assert {"服务", "%", "100"} < {*chinese}
    english = texts(await desk.get("/v1/figures/chart.svg", **query, lang="en"))
    assert english[0].startswith("Coverage by visits ")
    assert {"service", "%", "100"} < {*english}
    assert {*chinese}.isdisjoint({"service-home-health-help"})
    weekly = await desk.get("/v1/figures/chart.svg", **{"from": since})
    assert texts(weekly)[0].startswith("响应率 ")
    assert b"<circle" in weekly.raw


async def test_a_chart_can_be_of_every_figure(shaba: Community) -> None:
    every = {*get_args(chart_words.Charted)}
    assert every == {*chart_words.FIGURES}
    assert every == {name for name in FLAT if not name.endswith(("_count", "_of"))}
    for name in every:
        assert texts(await shaba.staff["dispatch"].get("/v1/figures/chart.svg", figure=name, by="team"))


def test_a_chart_escapes_what_it_is_given() -> None:
    name = '<script>alert("1")</script>&\x00\x1b'
    for line in (True, False):
        text = drawn(Chart(name, name, name, name, [(name, 1.5), ("b", None), ("c", 3.0), ("d", 4.0)], line))
        root = ElementTree.fromstring(text)
        assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
            *("svg", "title", "rect", "text", "path", "circle"),
        }
        assert root.find(f"{SVG}title") is not None
        assert next(each.text for each in root.iter(f"{SVG}text")) == '<script>alert("1")</script>&'
    assert "nichts" in drawn(Chart("", "", "", "nichts", [("a", None)]))


def test_figures_are_documented_by_name() -> None:
    with open("docs/figures.md", encoding="utf-8") as page:
        text = page.read()
    for name in Figures.__slots__:
        assert f"`{name}`" in text, name
