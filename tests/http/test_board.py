"""The list of requests and the board, as staff and units ask for them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from shared.kernel.times import later
from tests.support.client import Client, Reply
from tests.support.community import HEALTH, HEALTH_HELP, MEALS, SCHOOL, Community, slot
from tests.support.waiting import until

WITHIN_S = 0.1
COLUMNS = ["received", "triaged", "assigned", "in-service", "referred", "on-hold", "resolved"]


async def after(client: Client, path: str, reply: Reply, **query: str) -> Any:
    """What is answered by a service that has what `reply` did."""
    headers = {"Linli-After": reply.headers["linli-position"]}
    found = await client.call("GET", path, headers=headers, params=query)
    assert found.status == 200, found.body
    return found.body


async def grid_of_its_own(shaba: Community) -> str:
    """A new grid that dispatch knows of: what is asked for in it is this test's own."""
    grid = f"g-{uuid4().hex[:8]}"
    made = await shaba.admin["registry"].post(
        "/v1/grids", {"grid": grid, "name": {"zh": "网格", "en": "Grid"}}
    )
    assert made.status == 201, made.body
    await shaba.dispatch_has(made)
    return grid


async def triaged(shaba: Community, grid: str, priority: str, **more: str) -> tuple[str, Reply]:
    id = await shaba.request(grid=grid, **more)
    reply = await shaba.staff["dispatch"].post(f"/v1/requests/{id}/triage", {"priority": priority})
    assert reply.status == 200
    return id, reply


async def test_the_list_is_by_due_and_its_pages_go_on_where_they_ended(shaba: Community) -> None:
    grid, desk = await grid_of_its_own(shaba), shaba.staff["dispatch"]
    untriaged = await shaba.request(grid=grid)
    ids = {}
    for priority in ("routine", "stat", "urgent"):
        ids[priority], last = await triaged(shaba, grid, priority)
    whole = await after(desk, "/v1/requests", last, grid=grid, sort="due")
    dues = [item.get("due", "~") for item in whole["items"]]
    assert dues == sorted(dues)
    assert {item["id"] for item in whole["items"]} == {untriaged, *ids.values()}
    for sort in ("due", "created"):
        expected = [
            item["id"] for item in (await desk.get("/v1/requests", grid=grid, sort=sort)).body["items"]
        ]
        seen: list[str] = []
        query = {"grid": grid, "sort": sort, "limit": "1", "open": "true"}
        while True:
            page = (await desk.get("/v1/requests", **query)).body
            seen += [item["id"] for item in page["items"]]
            if page["next"] is None:
                break
            query["cursor"] = page["next"]
        assert seen == expected
        other = {"due": "created", "created": "due"}[sort]
        wrong = await desk.get("/v1/requests", **{**query, "sort": other})
        assert (wrong.status, wrong.body["code"]) == (400, "invalid-cursor")


async def test_each_filter_finds_what_it_says_and_nothing_else(shaba: Community) -> None:
    grid, desk, volunteer = await grid_of_its_own(shaba), shaba.staff["dispatch"], await shaba.volunteer()
    plain, _ = await triaged(shaba, grid, "routine", service=MEALS)
    placed, _ = await triaged(shaba, grid, "urgent")
    body = {"volunteer": volunteer, "slot": slot()}
    last = await desk.post(f"/v1/requests/{placed}/assignments", body)
    over, _ = await triaged(shaba, grid, "stat")
    last = await desk.post(f"/v1/requests/{over}/reject", {"reason": "out-of-scope"})
    assert last.status == 200, last.body
    await after(desk, "/v1/requests", last)
    due = (await desk.get(f"/v1/requests/{placed}")).body["due"]
    just_after = later(due, 0.001)
    for query, expected in (
        ({"open": "true"}, {plain, placed}),
        ({"open": "false"}, {over}),
        ({"open": "false", "status": "assigned"}, set()),
        ({"status": "assigned"}, {placed}),
        ({"service": MEALS}, {plain}),
        ({"volunteer": volunteer}, {placed}),
        ({"team": "residents", "volunteer": volunteer}, {placed}),
        ({"team": "veterans", "volunteer": volunteer}, set()),
        ({"unit": HEALTH}, {placed, over}),
        ({"priority": "routine"}, {plain}),
        ({"alarm": "breached"}, set()),
        ({"coordinator": "client-nobody"}, set()),
        ({"due_after": due, "due_before": just_after}, {placed}),
        ({"due_before": "2020-01-01T00:00:00Z"}, set()),
        ({"q": placed[-12:]}, {placed}),
        ({"q": f"{grid} community-service"}, None),
        ({"q": "nothing-of-the-kind"}, set()),
    ):
        reply = await desk.get("/v1/requests", grid=grid, **query)
        assert reply.status == 200, (query, reply.body)
        if expected is not None:
            assert {item["id"] for item in reply.body["items"]} == expected, query
    service = (await shaba.staff["registry"].get(f"/v1/services/{MEALS}")).body
    for language in ("zh", "en"):
        found = await desk.get("/v1/requests", grid=grid, q=service["name"][language].upper())
        assert plain in {item["id"] for item in found.body["items"]}


@pytest.mark.parametrize("path", ["/v1/requests", "/v1/board"])
async def test_a_unit_asks_for_its_own_and_sees_nobody_elses(shaba: Community, path: str) -> None:
    volunteer, theirs = await shaba.volunteer(), await shaba.volunteer(SCHOOL)
    id = await shaba.assigned(volunteer, slot(4))
    body = {"volunteer": theirs, "slot": slot(9)}
    last = await shaba.staff["dispatch"].post(f"/v1/requests/{id}/assignments", body)
    assert last.status == 201, last.body
    for unit, client, own, others in (
        (HEALTH, shaba.health["dispatch"], volunteer, theirs),
        (SCHOOL, shaba.school["dispatch"], theirs, volunteer),
    ):
        rows = found(await after(client, path, last, volunteer=own), id)
        assert rows, path
        for row in rows:
            assert (row["units"], row["volunteers"]) == ([unit], [own])
            assert not {"resident", "coordinator", "responsible"} & row.keys()
        assert found((await client.get(path, volunteer=others)).body, id) == []
        for query in ({"team": "residents"}, {"coordinator": "client-1"}):
            reply = await client.get(path, **query)
            assert (reply.status, reply.body["code"]) == (403, "staff-only")
    reply = await shaba.school["dispatch"].get(path, unit=HEALTH)
    assert (reply.status, reply.body["code"]) == (404, "not-found")


def found(body: Any, id: str) -> list[Any]:
    """The rows of a request on a page, or in the columns of a board."""
    items = body.get("items") or [item for column in body.get("columns", ()) for item in column["items"]]
    return [item for item in items if item["id"] == id]


async def test_the_board_is_one_call(shaba: Community) -> None:
    grid, desk = await grid_of_its_own(shaba), shaba.staff["dispatch"]
    waiting = await shaba.request(grid=grid)
    first, _ = await triaged(shaba, grid, "stat")
    second, _ = await triaged(shaba, grid, "routine")
    third, _ = await triaged(shaba, grid, "routine")
    last = await desk.post(f"/v1/requests/{third}/hold", {"reason": "waiting-for-others"})
    if last.status != 200:
        last = await desk.post(f"/v1/requests/{third}/hold", {"reason": "other"})
    assert last.status == 200, last.body
    board = await after(desk, "/v1/board", last, grid=grid, limit="1")
    assert [column["status"] for column in board["columns"]] == COLUMNS
    counts = {column["status"]: column["count"] for column in board["columns"]}
    assert counts == {**dict.fromkeys(COLUMNS, 0), "received": 1, "triaged": 2, "on-hold": 1}
    shown = {column["status"]: [item["id"] for item in column["items"]] for column in board["columns"]}
    assert (shown["received"], shown["triaged"], shown["on-hold"]) == ([waiting], [first], [third])
    assert (board["overdue"], board["alarms"]) == ({"count": 0, "items": []}, [])
    assert len((await desk.get("/v1/board", grid=grid)).body["columns"][1]["items"]) == 2
    assert second in str((await desk.get("/v1/board", grid=grid, service=HEALTH_HELP)).body)
    assert (await desk.get("/v1/board", grid="shaba-none")).body["columns"][1]["count"] == 0


async def test_the_board_follows_the_log_within_a_tenth_of_a_second(shaba: Community) -> None:
    grid, desk = await grid_of_its_own(shaba), shaba.staff["dispatch"]
    for _ in range(5):
        id = await shaba.request(grid=grid)

        async def is_there(id: str = id) -> bool:
            return id in {item["id"] for item in (await desk.get("/v1/requests", grid=grid)).body["items"]}

        await until(is_there, WITHIN_S)
