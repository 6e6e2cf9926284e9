"""Tables come in once, however often they are sent, and go out as they come in."""

from __future__ import annotations

import asyncio
import csv
import io
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.stack import Stack
from services.registry.api.imports import LIMIT
from tests.support.client import Client, Reply
from tests.support.community import HEALTH, Community
from tests.support.everyday_tables import sent
from tests.support.people import events_since, put, resident_body, stranger, unheard_name, unheard_phone
from tests.support.waiting import until

HEAD = "name,phone,grid,tier,flags\n"


def line(name: str | None = None, grid: str = "shaba-03", tier: str = "high") -> str:
    return f"{name or unheard_name()},{unheard_phone()},{grid},{tier},lives-alone\n"


def table(count: int) -> str:
    return HEAD + "".join(line(f"张{uuid4().hex}") for _ in range(count))


def end_of(reply: Reply) -> tuple[object, ...]:
    assert reply.status == 200, reply.body
    last = reply.body[-1]
    assert last["type"] == "finished", last
    return last["finished"], last["entered"], last["unchanged"], last["refused"]


def refused(reply: Reply) -> list[dict[str, object]]:
    return [each for each in reply.body if each["type"] == "refused"]


def read(reply: Reply, encoding: str = "utf-8-sig") -> dict[str, dict[str, str]]:
    assert reply.status == 200, reply.body
    rows = csv.DictReader(io.StringIO(reply.raw.decode(encoding), newline=""))
    return {row["id"]: row for row in rows}


async def exported(client: Client, kind: str, **query: str) -> Reply:
    purpose = {} if kind == "services" else {"purpose": "report"}
    return await client.get(f"/v1/exports/{kind}", **{**purpose, **query})


async def test_a_dry_run_tells_of_every_bad_line_and_records_nothing(shaba: Community) -> None:
    registry = shaba.admin["registry"]
    before = await exported(registry, "residents")
    data = HEAD + line() + line(grid="nowhere") + line(tier="soon") + line()
    reply = await sent(registry, "residents", data, dry_run="true")
    told = reply.body
    assert (reply.status, told["rows"], told["good"], told["bad"]) == (200, 4, 2, 2)
    said = [(each["line"], each["column"], each["code"]) for each in told["errors"]]
    assert said == [(3, "grid", "unknown-grid"), (4, "tier", "literal-error")]
    assert read(await exported(registry, "residents")).keys() == read(before).keys()


async def test_good_lines_enter_and_a_file_that_is_sent_again_enters_nothing(shaba: Community) -> None:
    desk, name = shaba.staff["registry"], unheard_name()
    data = HEAD + line(name) + line(grid="nowhere") + line(tier="soon") + line()
    first = await sent(desk, "residents", data)
    assert first.headers["content-type"].startswith("application/x-ndjson")
    assert first.body[0] == {"type": "begun", "rows": 4}
    assert end_of(first) == (True, 2, 0, 2)
    assert {each["code"] for each in refused(first)} == {"literal-error", "unknown-grid"}
    assert end_of(await sent(desk, "residents", data)) == (True, 0, 2, 2)
    rows = read(await exported(desk, "residents"))
    [found] = [row for row in rows.values() if row["name"] == name]
    assert (found["grid"], found["flags"], found["community"]) == ("shaba-03", "lives-alone", "shaba")
    assert (await desk.get("/v1/residents", q=name)).body["items"][0]["id"] == found["id"]


async def test_what_is_entered_is_as_a_route_enters_it(shaba: Community) -> None:
    registry, body = shaba.admin["registry"], resident_body(phone=unheard_phone(), confirmed=True)
    made = await put(registry, "residents", body)
    head, cells = "name,phone,grid,tier,confirmed\n", ("name", "phone", "grid", "tier")
    await sent(registry, "residents", head + ",".join(str(body[name]) for name in cells) + ",true\n")
    one, other = [
        each for each in await events_since(registry, made) if each["type"] == "resident-registered"
    ]
    assert one["data"] | {"details": "-"} == other["data"] | {"details": "-"}  # type: ignore[operator]
    assert one.keys() == other.keys()


async def test_an_import_that_was_cut_goes_on_when_it_is_sent_again(shaba: Community) -> None:
    desk, data = shaba.staff["registry"], table(1000).encode()
    headers = {"Authorization": f"Bearer {desk.token}", "Content-Type": "text/csv"}
    call = desk.session.post(desk.base + "/v1/imports/residents", data=data, headers=headers)
    async with call as response:
        assert b"begun" in await response.content.readline()
        assert b"progress" in await response.content.readline()
        response.close()

    async def over() -> bool:
        seen = [len(read(await exported(desk, "residents"))) for _ in range(2)]
        return seen[0] == seen[1]

    await until(over, 60)
    done, entered, unchanged, bad = end_of(await sent(desk, "residents", data))
    assert (done, entered + unchanged, bad) == (True, 1000, 0)  # type: ignore[operator]
    assert 0 < unchanged < 1000  # type: ignore[operator]


async def test_two_who_send_the_same_at_once_enter_it_once(shaba: Community) -> None:
    desk, data = shaba.staff["registry"], table(120)
    ends = [end_of(each) for each in await asyncio.gather(*(sent(desk, "residents", data) for _ in range(2)))]
    assert [done for done, *_ in ends] == [True, True]
    assert sum(entered for _, entered, *_ in ends) == 120  # type: ignore[misc]
    assert sum(bad for *_, bad in ends) == 0  # type: ignore[misc]


async def test_a_file_in_gb18030_enters_and_one_in_nothing_known_does_not(shaba: Community) -> None:
    desk, data = shaba.staff["registry"], HEAD + line("王㐂秀")
    assert end_of(await sent(desk, "residents", data.encode("gb18030"))) == (True, 1, 0, 0)
    assert end_of(await sent(desk, "residents", data.encode("utf-8-sig"))) == (True, 0, 1, 0)
    reply = await sent(desk, "residents", HEAD.encode() + b"\xff\xff\n")
    assert (reply.status, reply.body["code"], reply.body["line"]) == (422, "unknown-encoding", 2)


async def test_a_file_may_be_longer_than_a_body_and_has_its_own_limit(shaba: Community) -> None:
    desk = shaba.staff["registry"]
    long = HEAD + line() + "".join(f"x,{' ' * 1000},shaba-03,soon,\n" for _ in range(1500))
    assert len(long) > 1024 * 1024
    assert end_of(await sent(desk, "residents", long)) == (True, 1, 0, 1500)
    reply = await sent(desk, "residents", b"x" * (LIMIT + 1))
    assert (reply.status, reply.body["code"]) == (413, "body-too-large")
    reply = await desk.call("POST", "/v1/residents", data=b"x" * (1024 * 1024 + 1))
    assert (reply.status, reply.body["code"]) == (413, "body-too-large")


async def test_who_is_likely_on_record_is_refused_unless_confirmed(shaba: Community) -> None:
    registry = shaba.admin["registry"]
    body = resident_body(phone=unheard_phone())
    made = await put(registry, "residents", body)
    head = "name,phone,grid,tier,notes,confirmed\n"
    row = f"{body['name']},{body['phone']},shaba-03,high"
    other = f"{unheard_name()},{unheard_phone()},shaba-03,high"
    reply = await sent(
        registry, "residents", head + f"{row},,\n{other},one,\n{other},two,\n{other},three,true\n"
    )
    assert end_of(reply) == (True, 2, 0, 2)
    first, second = refused(reply)
    assert (first["code"], first["candidates"]) == ("likely-duplicate", [made.body["id"]])
    assert (second["code"], second["first"]) == ("likely-duplicate", 3)
    viewed = [each for each in await events_since(registry, made) if each["type"] == "details-viewed"]
    said = [(each["data"]["subject"], each["data"]["purpose"]) for each in viewed]  # type: ignore[index]
    assert said == [(made.body["id"], "duplicate-check")]
    assert end_of(await sent(registry, "residents", head + f"{row},,true\n")) == (True, 1, 0, 0)
    name = unheard_name()
    units = f"name,kind\n{name},firm\n"
    assert end_of(await sent(registry, "units", units)) == (True, 1, 0, 0)
    again = await sent(registry, "units", units.replace("firm", "shop"))
    assert [each["code"] for each in refused(again)] == ["likely-duplicate"]


async def test_an_id_that_is_taken_tells_in_what_it_differs_to_who_reads_details(
    shaba: Community, running_stack: Stack
) -> None:
    registry = shaba.admin["registry"]
    id = f"resident-{uuid4().hex}"
    data = f"id,{HEAD}{id},{line()}"
    assert end_of(await sent(registry, "residents", data)) == (True, 1, 0, 0)
    assert end_of(await sent(registry, "residents", data)) == (True, 0, 1, 0)
    changed = data.replace(",high,", ",key,").replace(",199", ",188")
    [fault] = refused(await sent(registry, "residents", changed))
    assert (fault["code"], fault["columns"]) == ("already-registered", ["phone", "tier"])
    writer = stranger(shaba, running_stack, "registry:write", "shaba")
    [fault] = refused(await sent(writer, "residents", changed))
    assert (fault["code"], fault.get("columns")) == ("already-registered", None)
    assert (await registry.post(f"/v1/residents/{id}/erasure")).status == 200
    [fault] = refused(await sent(registry, "residents", data))
    assert fault["code"] == "erased"


async def test_what_is_exported_is_unchanged_when_it_is_sent_again(shaba: Community) -> None:
    registry = shaba.admin["registry"]
    home = {"guardian": {"name": "=王", "phone": "+86 138"}, "notes": "-1\n耳背"}
    await put(registry, "residents", resident_body(confirmed=True, **home))
    await shaba.volunteer()
    contact = {"name": "赵敏", "phone": "+87162120000"}
    unit = {"name": unheard_name(), "kind": "firm", "contacts": [contact], "confirmed": True}
    assert (await registry.post("/v1/units", unit)).status == 201
    for kind in ("units", "volunteers", "residents", "services"):
        for query in ({}, {"bom": "false"}, {"encoding": "gb18030"}):
            reply = await exported(registry, kind, **query)
            assert reply.raw.startswith(b"\xef\xbb\xbf") is (not query)
            rows = read(reply, query.get("encoding", "utf-8-sig"))
            again = await sent(registry, kind, reply.raw)
            assert end_of(again) == (True, 0, len(rows), 0), (kind, refused(again)[:3])


async def test_every_person_who_leaves_in_a_table_is_on_record_as_read(shaba: Community) -> None:
    registry = shaba.admin["registry"]
    made = await put(registry, "residents", resident_body())
    rows = read(await exported(registry, "residents"))
    assert str(made.body["id"]) in rows
    seen: set[object] = set()

    async def all_seen() -> bool:
        after = int(made.headers["linli-position"].split("@")[1]) - 1
        page = await registry.get("/v1/events", after=str(after), limit="500")
        events = page.body["items"]
        while page.body["next"] is not None:
            page = await registry.get("/v1/events", after=str(page.body["next"]), limit="500")
            events += page.body["items"]
        seen.update(each["data"]["subject"] for each in events if each["type"] == "details-viewed")
        return rows.keys() <= seen

    await until(all_seen)
    assert (await registry.get("/v1/exports/residents")).status == 422


async def test_tables_keep_to_the_communities_of_a_token(shaba: Community, running_stack: Stack) -> None:
    scopes = "registry:read registry:write residents:read details:read"
    other = stranger(shaba, running_stack, scopes, "elsewhere")
    reply = await sent(other, "residents", HEAD + line())
    assert [each["code"] for each in refused(reply)] == ["unknown-grid"]
    both = stranger(shaba, running_stack, scopes, "elsewhere", "shaba")
    reply = await sent(both, "residents", HEAD + line())
    assert [each["code"] for each in refused(reply)] == ["unknown-community"]
    await shaba.resident()
    assert read(await exported(other, "residents")) == {}
    assert read(await exported(both, "residents", community="elsewhere")) == {}
    assert (await exported(other, "residents", community="shaba")).status == 404
    id = next(iter(read(await exported(both, "residents"))))
    [fault] = refused(await sent(other, "residents", f"id,{HEAD}{id},{line()}"))
    assert (fault["code"], fault.get("columns")) == ("already-registered", None)


@pytest.mark.parametrize("kind", ["units", "volunteers", "residents", "services"])
async def test_a_units_client_gets_and_gives_no_tables(shaba: Community, kind: str) -> None:
    assert (await exported(shaba.health["registry"], kind)).status == 403
    reply = await sent(shaba.health["registry"], kind, "x")
    assert (reply.status, reply.body["code"]) == (403, "insufficient-scope")


async def test_units_and_services_need_an_administrator(shaba: Community) -> None:
    for kind in ("units", "services"):
        assert (await sent(shaba.staff["registry"], kind, "x")).status == 403
    head = "name_zh,name_en,category,lead_unit,response_minutes\n"
    data = head + f"助餐,{uuid4().hex},volunteering,{HEALTH},60\n助餐,x,volunteering,unit-nobody,60\n"
    reply = await sent(shaba.admin["registry"], "services", data)
    assert end_of(reply) == (True, 1, 0, 1)
    assert [(each["column"], each["code"]) for each in refused(reply)] == [("lead_unit", "unknown-unit")]


async def test_nothing_of_a_row_is_in_an_error_or_in_the_log(shaba: Community, running_stack: Stack) -> None:
    planted = f"张{uuid4().hex}"
    rows = (
        line(planted),
        line(planted, tier=planted),
        f"{planted},{planted},{planted},high,{planted}\n",
        planted,
    )
    for data in (HEAD + "".join(rows), f"{planted}\n", HEAD + f'"{planted}'):
        for query in ({}, {"dry_run": "true"}):
            reply = await sent(shaba.staff["registry"], "residents", data, **query)
            assert planted.encode() not in reply.raw
    log = await asyncio.to_thread(Path(running_stack.folder.log("registry")).read_text)
    assert planted[1:] not in log
