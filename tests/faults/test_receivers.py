"""Receivers that do what none should: each costs its attempt, at most the deadline, and next to no memory."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import time
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from services.notify.channels.channel import Parcel, Target
from services.notify.channels.webhook import READ_LIMIT, Webhook
from services.notify.domain.address import Network
from services.notify.domain.schedule import Answer
from services.notify.engine.connection import open_session
from services.notify.signing import new_secret
from tests.support.wire import Line, Names, Script, answer, answering, certificate, receiver

LOOPBACK = [ip_network("127.0.0.0/8")]
DEADLINE_S = 0.5
SLACK_S = 1.0
"""What a busy machine may add."""
UNHURRIED_S = 10.0
"""A deadline for receivers that are at fault at once: none of them may take anything like it."""
HUNDRED_MB = 100 * 1024 * 1024
A_FEW_HUNDRED_KB = 600 * 1024


async def deliver(
    url: str,
    *,
    deadline: float = UNHURRIED_S,
    body: bytes = b"{}",
    allowed: Sequence[Network] = LOOPBACK,
    names: Names | None = None,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """One webhook to `url`, which takes no longer than `deadline`."""
    async with open_session(allowed, deadline, names, tls) as session:
        target = Target("endpoint-1", "unit-1", url, (new_secret(),))
        begun = time.monotonic()
        got = await Webhook(session).send(target, Parcel("1", [body]), datetime.now(UTC))
        assert time.monotonic() - begun < deadline + SLACK_S
    return got


async def at_once(script: Script) -> Answer:
    """What is made of a receiver that is at fault long before the deadline."""
    async with receiver(script) as found:
        begun = time.monotonic()
        got = await deliver(found.url)
        assert time.monotonic() - begun < UNHURRIED_S / 2
    assert not got.accepted
    return got


def drip(head: bytes) -> Script:
    """Say `head` at once, then one byte after the other for ever, each well within the deadline."""

    async def script(line: Line) -> None:
        await line.take()
        await line.say(head)
        while True:
            await line.say(b"x")
            await asyncio.sleep(DEADLINE_S / 10)  # that it takes its time is what is wrong with it

    return script


async def silent(line: Line) -> None:
    await asyncio.Event().wait()


async def takes_and_is_silent(line: Line) -> None:
    await line.take()
    await asyncio.Event().wait()


async def never_decides(line: Line) -> None:
    await line.take()
    while True:
        await line.say(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 10)


@pytest.mark.parametrize(
    ("script", "status"),
    [
        pytest.param(silent, None, id="takes nothing"),
        pytest.param(takes_and_is_silent, None, id="never answers"),
        pytest.param(drip(b"HTTP/1.1 200 "), None, id="drips its status"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nX-Slow: "), None, id="drips its headers"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"), 200, id="drips its body"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\n\r\n"), 200, id="drips a body without an end"),
        pytest.param(never_decides, None, id="says for ever that it will answer"),
    ],
)
async def test_a_receiver_that_takes_its_time_has_until_the_deadline(
    script: Script, status: int | None
) -> None:
    async with receiver(script) as found:
        got = await deliver(found.url, deadline=DEADLINE_S)
    assert (got.accepted, got.status, got.reason) == (False, status, "timeout")


async def test_a_receiver_that_does_not_take_the_body_has_until_the_deadline() -> None:
    async with receiver(silent) as found:
        got = await deliver(found.url, deadline=DEADLINE_S, body=bytes(16 * 1024 * 1024))
    assert (got.status, got.reason) == (None, "timeout")


async def test_a_receiver_that_never_shakes_hands_has_until_the_deadline() -> None:
    async with receiver(silent) as found:
        got = await deliver(found.url.replace("http:", "https:"), deadline=DEADLINE_S)
    assert (got.status, got.reason) == (None, "timeout")


@pytest.mark.parametrize("status", ["200 OK", "500 Fault"])
@pytest.mark.parametrize("framing", [f"Content-Length: {HUNDRED_MB}", "Connection: close"])
async def test_of_100_mb_next_to_nothing_is_read(status: str, framing: str) -> None:
    piece = bytes(64 * 1024)

    async def script(line: Line) -> None:
        line.keep_little()
        await line.take()
        await line.say(f"HTTP/1.1 {status}\r\n{framing}\r\n\r\n".encode())
        for _ in range(HUNDRED_MB // len(piece)):
            await line.say(piece)

    async with receiver(script) as found:
        tracemalloc.start()
        got = await deliver(found.url)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert (got.status, got.body) == (int(status[:3]), bytes(READ_LIMIT))
    assert got.accepted == (status == "200 OK")
    assert found.sent < A_FEW_HUNDRED_KB  # what the system keeps on both sides included
    assert peak < A_FEW_HUNDRED_KB


async def test_what_is_packed_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(10 * 1024 * 1024))
    async with receiver(answering(answer("200 OK", "Content-Encoding: gzip", body=bomb))) as found:
        got = await deliver(found.url)
    assert (got.accepted, got.body) == (True, bomb[:READ_LIMIT])


async def test_a_connection_that_is_reset_is_told_apart() -> None:
    async def script(line: Line) -> None:
        await line.take()
        line.reset()

    got = await at_once(script)
    assert (got.status, got.reason) == (None, "reset")


async def test_a_connection_that_is_reset_before_anything_was_said_is_a_failure() -> None:
    async def script(line: Line) -> None:
        line.reset()

    got = await at_once(script)
    assert got.status is None
    assert got.reason in {"reset", "connection"}  # as the driver came to write before it heard, or not


@pytest.mark.parametrize(
    ("said", "status"),
    [
        pytest.param(b"", None, id="before it answers"),
        pytest.param(b"HTTP/1.1 20", None, id="in its status"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", None, id="in its headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", 200, id="in its body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf", 200, id="in a chunk"),
    ],
)
async def test_a_receiver_that_closes_half_way_took_nothing(said: bytes, status: int | None) -> None:
    async def script(line: Line) -> None:
        await line.take()
        await line.say(said)

    got = await at_once(script)
    assert (got.status, got.reason) == (status, "connection")
    assert got.body == (b"half" if status else b"")


async def test_a_body_that_breaks_off_makes_no_other_status_of_a_failure() -> None:
    async with receiver(answering(b"HTTP/1.1 410 Gone\r\nContent-Length: 9\r\n\r\nhalf")) as found:
        got = await deliver(found.url)
    assert (got.status, got.reason, got.gone, got.body) == (410, "status", True, b"half")


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="another protocol"),
        pytest.param(bytes(range(256)) * 100, id="bytes"),
        pytest.param(b"HTTP/1.1 OK\r\n\r\n", id="no status"),
        pytest.param(b"HTTP/1.1 99999 OK\r\n\r\n", id="a status that is none"),
        pytest.param(b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", id="no header"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", id="a length that is none"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", id="a chunk of no length"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n", id="a huge header"),
        pytest.param(b"HTTP/1.1 200 " + b"x" * 1_000_000 + b"\r\n\r\n", id="a huge status line"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 100_000 + b"\r\n", id="no end of headers"),
    ],
)
async def test_what_is_no_http_is_no_answer(said: bytes) -> None:
    async def script(line: Line) -> None:
        await line.take()
        await line.say(said)
        await line.reader.read()  # until the other side closes

    got = await at_once(script)
    assert (got.status, got.reason) == (None, "protocol")


def _other_name(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext | None]:
    known = certificate("other.example", folder)
    return known.served, known.trusted


def _expired(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext | None]:
    known = certificate("partner.example", folder, begins=timedelta(days=-2))
    return known.served, known.trusted


def _self_signed(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext | None]:
    return certificate("partner.example", folder).served, None


@pytest.mark.parametrize("made", [_self_signed, _other_name, _expired])
async def test_a_bad_certificate_is_told_nothing(
    made: Callable[[Path], tuple[ssl.SSLContext, ssl.SSLContext | None]], tmp_path: Path
) -> None:
    served, trusted = made(tmp_path)
    async with receiver(answering(answer("200 OK")), served) as found:
        got = await deliver(found.at("partner.example"), names=Names(["127.0.0.1"]), tls=trusted)
    assert (got.status, got.reason) == (None, "tls")
    assert found.requests == []


async def test_a_receiver_without_tls_is_told_nothing() -> None:
    async with receiver(takes_and_is_silent_for_now) as found:
        got = await deliver(found.url.replace("http:", "https:"))
    assert (got.status, got.reason) == (None, "tls")


async def takes_and_is_silent_for_now(line: Line) -> None:
    await line.say(b"HTTP/1.1 400 Bad\r\n\r\n")


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 Temporary", "308 Permanent"])
async def test_no_redirect_is_followed(status: str) -> None:
    async with receiver(answering(answer("200 OK"))) as elsewhere:
        for location in ("http://169.254.169.254/latest/meta-data/", elsewhere.url):
            async with receiver(answering(answer(status, f"Location: {location}"))) as found:
                got = await deliver(found.url)
            assert (got.accepted, got.status, got.reason) == (False, int(status[:3]), "redirect")
            assert found.connections == 1
    assert elsewhere.connections == 0


@pytest.mark.parametrize("inside", ["127.0.0.1", "169.254.169.254", "fd00:ec2::254", "::ffff:127.0.0.1"])
async def test_a_name_that_leads_elsewhere_once_it_was_checked_is_connected_to_nowhere(inside: str) -> None:
    names = Names(["93.184.216.34"], [inside])
    assert [each["host"] for each in await names.resolve("partner.example")] == ["93.184.216.34"]
    async with receiver(answering(answer("200 OK"))) as found:
        url = f"https://partner.example:{found.port}/"
        got = await deliver(url, allowed=[], names=names)
    assert (got.status, got.reason, found.connections) == (None, "blocked", 0)


async def test_a_name_service_that_never_answers_has_until_the_deadline() -> None:
    class Silent(Names):
        async def resolve(self, *asked: object) -> list[object]:  # type: ignore[override]
            await asyncio.Event().wait()
            return []

    got = await deliver("https://partner.example/", deadline=DEADLINE_S, names=Silent([]))
    assert (got.status, got.reason) == (None, "timeout")


async def test_after_all_of_them_the_session_is_as_good_as_before() -> None:
    async def resets(line: Line) -> None:
        line.reset()

    faulty: list[Script] = [silent, resets, drip(b"HTTP/1.1 200 OK\r\n"), answering(b"none\r\n\r\n")]
    async with open_session(LOOPBACK, DEADLINE_S) as session, receiver(answering(answer("200 OK"))) as good:
        channel = Webhook(session)

        async def send(url: str) -> Answer:
            target = Target("endpoint-1", "unit-1", url, (new_secret(),))
            return await channel.send(target, Parcel("1", [b"{}"]), datetime.now(UTC))

        for script in faulty:
            async with receiver(script) as found:
                answers = await asyncio.gather(*(send(found.url) for _ in range(5)))
            assert not any(got.accepted for got in answers)
        assert (await send(good.url)).accepted
