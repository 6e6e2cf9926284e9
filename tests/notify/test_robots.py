"""Group robots: where they may be, what they are sent, what their answers mean."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from services.notify.channels.channel import Parcel, Target
from services.notify.channels.robots import RobotChannel
from services.notify.domain.robots import (
    ROBOTS,
    Kind,
    check_robot,
    fit,
    payload,
    read_answer,
    sign,
    signed_url,
)
from services.notify.domain.schedule import Answer
from services.notify.engine.connection import open_session
from shared.events.notify import Language
from shared.kernel.decider import Refused
from tests.support.waiting import until

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "robots.json").read_text())
LOOPBACK = [ip_network("127.0.0.0/8")]
NOW = datetime(2026, 11, 24, 3, 30, tzinfo=UTC)
KINDS: tuple[Kind, ...] = ("wecom", "dingtalk")
WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
DINGTALK = "https://oapi.dingtalk.com/robot/send?access_token=566cc69da782ec3f"
SECRET = "this is secret"


def event(number: int, type: str = "request-created") -> bytes:
    data = {"service": "home-visit", "grid": "grid-3", "priority": "urgent", "units": ["unit-1"]}
    subject = f"request-0192f5d0-7c1e-7a44-9d3b-{number:012}"
    document = {"id": f"e-{number}", "type": type, "subject": subject, "time": "2026-11-24T03:29:28.123Z"}
    return json.dumps({**document, "data": data}).encode()


@dataclass
class RobotHost:
    """A robot's host on loopback. It answers what `answers` says, then success."""

    url: str = ""
    answers: deque[web.Response] = field(default_factory=deque)
    received: list[tuple[web.Request, Any]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.received.append((request, json.loads(await request.read())))
        return self.answers.popleft() if self.answers else said(0)


def said(code: object, status: int = 200, **headers: str) -> web.Response:
    body = json.dumps({"errcode": code, "errmsg": "as it says"})
    # Both answer JSON; what they call it differs from day to day.
    return web.Response(text=body, status=status, content_type="text/plain", headers=headers)


@pytest.fixture
async def host() -> AsyncIterator[RobotHost]:
    found = RobotHost()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", found.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


def target(kind: Kind, url: str, language: Language = "zh", secrets: tuple[str, ...] = ()) -> Target:
    robot = ROBOTS[kind]
    address = f"{url}{robot.path}?{robot.key}=k-1"
    check_robot(kind, address, LOOPBACK)
    return Target("endpoint-1", "unit-1", address, secrets, language=language)


async def send(kind: Kind, target: Target, *bodies: bytes, more: int = 0, deadline: float = 5.0) -> Answer:
    async with open_session(LOOPBACK, deadline) as session:
        return await RobotChannel(kind, session).send(target, Parcel("parcel-1", bodies, more), NOW)


def test_what_we_know_of_the_robots_is_what_the_vectors_say() -> None:
    for kind, robot in ROBOTS.items():
        vector = VECTORS[kind]
        assert vector["path"].startswith(f"{robot.path}?{robot.key}=")
        assert robot.throttled == frozenset(vector["throttled"])
        assert robot.permanent == frozenset(vector["permanent"])
        assert robot.text_bytes <= vector["limits"].get("markdown_bytes", 20_000)
    assert ROBOTS["dingtalk"].silence == 60 * VECTORS["dingtalk"]["limits"]["overload_silence_minutes"]


def test_the_signature_is_that_of_the_computed_example() -> None:
    example = VECTORS["dingtalk"]["computed_example"]
    assert sign(example["secret"], int(example["timestamp"])) == example["sign"]


@pytest.mark.parametrize("kind", KINDS)
async def test_one_event_is_a_title_and_what_there_is_to_say(host: RobotHost, kind: Kind) -> None:
    assert await send(kind, target(kind, host.url), event(1)) == Answer(
        200, body=b'{"errcode": 0, "errmsg": "as it says"}'
    )
    [(request, body)] = host.received
    assert (request.method, request.path, request.query[ROBOTS[kind].key]) == (
        VECTORS[kind]["method"],
        ROBOTS[kind].path,
        "k-1",
    )
    assert request.content_type == "application/json"
    assert set(body) == set(VECTORS[kind]["markdown"])
    assert set(body["markdown"]) == set(VECTORS[kind]["markdown"]["markdown"])
    text = body["markdown"]["content" if kind == "wecom" else "text"]
    assert text.startswith("### 邻里：新请求 request-0192f5d0-7c1e-7a44-9d3b-000000000001\n\n- 新请求 ")
    assert "服务 home-visit，网格 grid-3，优先级 高" in text
    assert "2026年11月24日 11:29" in text


async def test_a_robot_with_a_secret_is_signed_to(host: RobotHost) -> None:
    dingtalk = target("dingtalk", host.url, secrets=(SECRET, "an older one"))
    assert (await send("dingtalk", dingtalk, event(1))).accepted
    [(request, _)] = host.received
    timestamp = int(NOW.timestamp() * 1000)
    assert request.query["timestamp"] == str(timestamp)
    assert quote(request.query["sign"], safe="") == sign(SECRET, timestamp)
    # A + that stands bare in a query is a space to most servers.
    assert "+" not in request.rel_url.raw_query_string


async def test_without_a_secret_nothing_is_signed(host: RobotHost) -> None:
    await send("dingtalk", target("dingtalk", host.url), event(1))
    await send("wecom", target("wecom", host.url, secrets=(SECRET,)), event(1))
    assert ["sign" in request.query for request, _ in host.received] == [False, False]


@pytest.mark.parametrize(
    ("kind", "code", "reason", "retry_after", "gone"),
    [
        *(("wecom", code, "throttled", 60.0, False) for code in VECTORS["wecom"]["throttled"]),
        *(("dingtalk", code, "throttled", 600.0, False) for code in VECTORS["dingtalk"]["throttled"]),
        *((kind, code, "robot-gone", 0.0, True) for kind in KINDS for code in VECTORS[kind]["permanent"]),
        *((kind, 40058, "robot", 0.0, False) for kind in KINDS),
        *((kind, -1, "robot", 0.0, False) for kind in KINDS),
    ],
)
async def test_each_code_says_what_to_do(
    host: RobotHost, kind: Kind, code: int, reason: str, retry_after: float, gone: bool
) -> None:
    host.answers.append(said(code))
    answer = await send(kind, target(kind, host.url), event(1))
    assert not answer.accepted
    assert (answer.status, answer.reason, answer.retry_after, answer.gone) == (
        code,
        reason,
        retry_after,
        gone,
    )
    assert b"errmsg" in answer.body


@pytest.mark.parametrize(
    "body",
    [b"", b"ok", b"[]", b"{}", b'{"errcode": "0"}', b'{"errcode": false}', b'{"errcode": null}', b"\xff"],
)
def test_an_answer_without_a_code_is_no_success(body: bytes) -> None:
    for kind in KINDS:
        assert read_answer(kind, body) == Answer(None, reason="robot", body=body)


def test_a_code_that_no_store_can_hold_is_none() -> None:
    assert read_answer("wecom", b'{"errcode": 9223372036854775807}').status is None


async def test_a_host_that_does_not_say_200_says_no(host: RobotHost) -> None:
    host.answers.extend(
        [said(0, 503, **{"Retry-After": "7"}), said(0, 302, Location=f"{host.url}/elsewhere")]
    )
    answers = [await send("wecom", target("wecom", host.url), event(1)) for _ in range(2)]
    assert [(answer.status, answer.reason, answer.retry_after) for answer in answers] == [
        (503, "status", 7.0),
        (302, "redirect", 0.0),
    ]
    assert len(host.received) == 2


async def test_of_a_long_answer_no_more_is_read_than_is_kept(host: RobotHost) -> None:
    host.answers.append(web.Response(body=b"x" * 1_000_000))
    answer = await send("wecom", target("wecom", host.url), event(1))
    assert (answer.reason, len(answer.body)) == ("robot", 16 * 1024)


async def test_what_cannot_be_connected_to_has_the_reasons_of_a_webhook(host: RobotHost) -> None:
    nobody = Target("endpoint-1", "unit-1", "http://127.0.0.1:1/robot/send?access_token=k-1")
    answer = await send("dingtalk", nobody, event(1))
    assert (answer.status, answer.reason) == (None, "refused")
    assert "access_token" not in str(answer)
    async with open_session([], 5) as session:
        blocked = await RobotChannel("wecom", session).send(
            target("wecom", host.url), Parcel("1", [event(1)]), NOW
        )
    assert blocked.reason == "blocked"
    assert host.received == []


async def test_a_robot_that_does_not_answer_is_a_timeout() -> None:
    runner = web.AppRunner(web.Application(middlewares=[_hanging]), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        hanging = target("wecom", f"http://127.0.0.1:{runner.addresses[0][1]}")
        assert (await send("wecom", hanging, event(1), deadline=0.2)).reason == "timeout"
    finally:
        await runner.cleanup()


@web.middleware
async def _hanging(request: web.Request, handler: object) -> web.StreamResponse:
    await until(lambda: request.transport is None or request.transport.is_closing())
    raise ConnectionResetError


@pytest.mark.parametrize("kind", KINDS)
async def test_a_digest_is_cut_at_whole_lines_and_says_how_many_are_missing(
    host: RobotHost, kind: Kind
) -> None:
    events = [event(number) for number in range(100)]
    assert (await send(kind, target(kind, host.url, "en"), *events, more=7)).accepted
    [(_, body)] = host.received
    text = body["markdown"]["content" if kind == "wecom" else "text"]
    assert len(text.encode()) <= ROBOTS[kind].text_bytes
    title, lines, rest = text.split("\n\n")
    assert title == "### Linli: 107 notifications"
    shown = lines.split("\n")
    assert all(line.startswith("- ") and line.endswith("priority urgent") for line in shown)
    assert [f"-{number:012} " in line for number, line in enumerate(shown)] == [True] * len(shown)
    assert rest == f"and {107 - len(shown)} more"
    assert len(shown) > 10


# Lone surrogates as well, which no UTF-8 can say.
TEXT = st.text(st.characters(exclude_categories=()), max_size=4000)


@given(
    kind=st.sampled_from(KINDS),
    title=TEXT,
    lines=st.lists(TEXT, max_size=8),
    more=st.integers(0, 10**6),
)
def test_no_payload_is_too_long_or_no_utf8(kind: Kind, title: str, lines: list[str], more: int) -> None:
    body = json.loads(payload(kind, title, lines, more, lambda count: f"另有 {count} 条").decode("utf-8"))
    text = body["markdown"]["content" if kind == "wecom" else "text"]
    assert len(text.encode("utf-8")) <= ROBOTS[kind].text_bytes
    if more:
        assert text.endswith(" 条")


@given(
    lines=st.lists(st.text("好a🙂", min_size=1, max_size=30), min_size=1, max_size=12),
    limit=st.integers(140, 300),
)
def test_what_is_shown_and_what_is_told_of_by_number_are_all_there_is(lines: list[str], limit: int) -> None:
    text = fit("t", lines, 0, lambda count: f"+{count}", limit)
    assert len(text.encode()) <= limit
    _, *parts = text.split("\n\n")
    shown = parts[0].split("\n")
    missing = int(parts[1]) if len(parts) > 1 else 0
    assert (shown, len(shown) + missing) == (lines[: len(shown)], len(lines))


@pytest.mark.parametrize(("kind", "url"), [("wecom", WECOM), ("dingtalk", DINGTALK)])
def test_a_robot_s_own_address_is_allowed(kind: Kind, url: str) -> None:
    check_robot(kind, url, [])
    check_robot(kind, url.replace(".com/", ".com:443/"), [])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "no address",
        WECOM.replace("https", "http"),
        WECOM.replace("https", "ftp"),
        WECOM.replace("qyapi.weixin.qq.com", "example.org"),
        WECOM.replace(".com", ".com.example.org"),
        WECOM.replace(".com", ".com:8443"),
        WECOM.replace(".com", ".com:99999"),
        WECOM.replace("//", "//user:password@"),
        WECOM.replace("/send", "/upload_media"),
        WECOM.replace("?key=", "?"),
        WECOM.replace("?key=", "?access_token="),
        WECOM.partition("?")[0],
        WECOM.partition("=")[0] + "=",
        WECOM + "&key=2",
        WECOM + "&debug=1",
        WECOM + "#here",
        WECOM + "%0d%0a",
        WECOM + "键",
        WECOM + "x" * 3000,
        "https://[::1/cgi-bin/webhook/send?key=1",
        "http://localhost/cgi-bin/webhook/send?key=1",
        "http://10.0.0.1/cgi-bin/webhook/send?key=1",
        "http://127.0.0.1/elsewhere?key=1",
        DINGTALK,
    ],
)
def test_any_other_address_is_refused_with_what_is_wanted(url: str) -> None:
    with pytest.raises(Refused) as raised:
        check_robot("wecom", url, LOOPBACK)
    assert raised.value.code == "address-not-allowed"
    assert "693a91f6" not in raised.value.message


def test_a_signature_in_the_address_is_refused_since_it_would_soon_be_old() -> None:
    with pytest.raises(Refused, match="address-not-allowed"):
        check_robot("dingtalk", f"{DINGTALK}&timestamp=1&sign=2", [])


def test_an_address_inside_of_allowed_networks_may_stand_for_a_robot() -> None:
    check_robot("wecom", "http://127.0.0.1:8080/cgi-bin/webhook/send?key=1", LOOPBACK)
    check_robot("wecom", "https://127.0.0.1/proxy/cgi-bin/webhook/send?key=1", LOOPBACK)


def test_the_time_of_a_signature_is_that_of_the_attempt() -> None:
    later = NOW + timedelta(hours=2)
    query = parse_qs(urlsplit(signed_url(DINGTALK, SECRET, later)).query)
    assert query["timestamp"] == [str(int(later.timestamp() * 1000))]
