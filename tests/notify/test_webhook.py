"""The webhook channel: what is sent, and what is made of each answer."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_network

import pytest
from standardwebhooks import Webhook as Official

from services.notify.channels.channel import Parcel, Target
from services.notify.channels.webhook import READ_LIMIT, Webhook
from services.notify.engine.connection import open_session
from services.notify.signing import new_secret, signatures
from shared.kernel.canonical import decode_object, encode
from tests.support.wire import Line, Receiver, answer, answering, receiver

NOW = datetime(2026, 11, 24, 3, 29, 28, 123456, UTC)
DATA = {"community": "shaba", "name": "邻里", "slots": [1, 2]}
BODY = encode({"specversion": "1.0", "type": "request-created", "unitsequence": 7, "data": DATA})
PARCEL = Parcel("0192f5d0-7c20", [BODY])
OK = answer("204 No Content")


@pytest.fixture
async def channel() -> AsyncIterator[Webhook]:
    """The channel, allowed to deliver to loopback."""
    async with open_session([ip_network("127.0.0.0/8")], 5) as session:
        yield Webhook(session)


def to(found: Receiver, *secrets: str) -> Target:
    return Target("endpoint-1", "unit-1", found.url, secrets or (new_secret(),))


async def test_a_cloudevent_is_sent_as_its_exact_bytes_and_signed(channel: Webhook) -> None:
    secret = new_secret()
    async with receiver(answering(OK)) as found:
        assert (await channel.send(to(found, secret), PARCEL, datetime.now(UTC))).accepted
    [request] = found.requests
    assert request.line == "POST /hook HTTP/1.1"
    assert request.body == BODY
    assert request.headers["content-type"] == "application/cloudevents+json"
    assert request.headers["webhook-id"] == PARCEL.id
    assert Official(secret).verify(request.body, request.headers) == decode_object(BODY)


async def test_no_header_is_sent_that_is_not_meant(channel: Webhook) -> None:
    async with receiver(answering(OK)) as found:
        await channel.send(to(found), PARCEL, NOW)
    [request] = found.requests
    meant = (
        "accept content-length content-type host user-agent webhook-id webhook-signature webhook-timestamp"
    )
    assert sorted(request.headers) == meant.split()


async def test_bare_data_is_canonical_json_and_what_is_signed(channel: Webhook) -> None:
    secret = new_secret()
    async with receiver(answering(OK)) as found:
        target = Target("endpoint-1", "unit-1", found.url, (secret,), format="data")
        assert (await channel.send(target, PARCEL, datetime.now(UTC))).accepted
    [request] = found.requests
    assert request.body == encode(DATA)
    assert request.headers["content-type"] == "application/json"
    assert Official(secret).verify(request.body, request.headers) == DATA


async def test_the_timestamp_is_of_the_attempt_and_the_id_stays(channel: Webhook) -> None:
    async with receiver(answering(OK, OK)) as found:
        for attempt in (NOW, NOW + timedelta(hours=5)):
            await channel.send(to(found), PARCEL, attempt)
    sent = [(each.headers["webhook-id"], int(each.headers["webhook-timestamp"])) for each in found.requests]
    begun = int(NOW.timestamp())
    assert sent == [(PARCEL.id, begun), (PARCEL.id, begun + 5 * 3600)]


async def test_all_secrets_of_an_endpoint_sign_the_newest_first(channel: Webhook) -> None:
    secrets = (new_secret(), new_secret("v1a"), new_secret())
    async with receiver(answering(OK)) as found:
        await channel.send(to(found, *secrets), PARCEL, NOW)
    signed = found.requests[0].headers["webhook-signature"]
    assert signed == signatures(secrets, PARCEL.id, int(NOW.timestamp()), BODY)
    assert [each.split(",")[0] for each in signed.split(" ")] == ["v1", "v1a", "v1"]


async def test_an_endpoint_without_a_secret_is_a_fault_of_ours(channel: Webhook) -> None:
    async with receiver(answering(OK)) as found:
        with pytest.raises(ValueError, match="secret"):
            await channel.send(Target("endpoint-1", "unit-1", found.url), PARCEL, NOW)
    assert found.requests == []


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "202 Accepted", "204 No Content", "299 Odd"])
async def test_any_2xx_is_a_success(channel: Webhook, status: str) -> None:
    async with receiver(answering(answer(status, "Retry-After: 60"))) as found:
        got = await channel.send(to(found), PARCEL, NOW)
    assert (got.accepted, got.status, got.reason, got.retry_after) == (True, int(status[:3]), None, 0.0)


@pytest.mark.parametrize(
    ("status", "reason", "gone"),
    [
        *((status, "redirect", False) for status in ("300 Choose", "301 Moved", "304 Same", "307 Moved")),
        *((status, "status", False) for status in ("400 Bad", "401 No", "404 None", "429 Slow", "599 Odd")),
        ("410 Gone", "status", True),
        ("500 Fault", "status", False),
        ("101 Switching", "status", False),
    ],
)
async def test_everything_else_is_none(channel: Webhook, status: str, reason: str, gone: bool) -> None:
    async with receiver(answering(answer(status))) as found:
        got = await channel.send(to(found), PARCEL, NOW)
    assert (got.accepted, got.status, got.reason, got.gone) == (False, int(status[:3]), reason, gone)


@pytest.mark.parametrize("status", ["429 Slow", "503 Busy", "500 Fault", "302 Found"])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (format_datetime(NOW.replace(microsecond=0) + timedelta(seconds=90), usegmt=True), 89.876544),
        ("soon", 0.0),
        ("\xff\xfe", 0.0),
    ],
)
async def test_a_receiver_that_asks_for_patience_is_heard(
    channel: Webhook, status: str, value: str, seconds: float
) -> None:
    async with receiver(answering(answer(status, f"Retry-After: {value}"))) as found:
        got = await channel.send(to(found), PARCEL, NOW)
    assert got.retry_after == seconds


async def test_what_the_receiver_answers_is_kept_of_a_success_too(channel: Webhook) -> None:
    answers = answer("200 OK", body="收到".encode()), answer("422 No", body=b'{"error":"unknown type"}')
    async with receiver(answering(*answers)) as found:
        bodies = [(await channel.send(to(found), PARCEL, NOW)).body for _ in answers]
    assert bodies == ["收到".encode(), b'{"error":"unknown type"}']


async def test_a_connection_is_used_again(channel: Webhook) -> None:
    async with receiver(answering(*[answer("200 OK", body=b"ok")] * 3)) as found:
        for _ in range(3):
            assert (await channel.send(to(found), PARCEL, NOW)).accepted
    assert (found.connections, len(found.requests)) == (1, 3)


@pytest.mark.parametrize(("size", "connections"), [(READ_LIMIT - 1, 1), (100 * READ_LIMIT, 2)])
async def test_of_a_longer_answer_the_first_16_kib_are_kept_and_the_connection_is_not(
    channel: Webhook, size: int, connections: int
) -> None:
    long = answer("200 OK", body=bytes(size))

    async def script(line: Line) -> None:
        for _ in range(2):
            await line.take()
            await line.say(long)

    async with receiver(script) as found:
        for _ in range(2):
            got = await channel.send(to(found), PARCEL, NOW)
            assert (got.accepted, got.body) == (True, bytes(min(size, READ_LIMIT)))
    assert found.connections == connections


async def test_what_is_compressed_stays_so(channel: Webhook) -> None:
    async with receiver(answering(answer("500 Fault", "Content-Encoding: gzip", body=b"none"))) as found:
        got = await channel.send(to(found), PARCEL, NOW)
    assert (got.status, got.body) == (500, b"none")


async def test_no_cookie_is_kept(channel: Webhook) -> None:
    async with receiver(answering(answer("200 OK", "Set-Cookie: a=b; Path=/"), OK)) as found:
        for _ in range(2):
            await channel.send(to(found), PARCEL, NOW)
    assert "cookie" not in found.requests[1].headers


async def test_an_answer_that_comes_before_the_body_was_taken_is_one(channel: Webhook) -> None:
    async def script(line: Line) -> None:
        await line.reader.readuntil(b"\r\n\r\n")
        await line.say(answer("413 Too Large"))
        await line.reader.readexactly(len(large))

    large = bytes(8 * 1024 * 1024)
    async with receiver(script) as found:
        begun = time.monotonic()
        got = await channel.send(to(found), Parcel("large", [large]), NOW)
    assert (got.status, got.reason) == (413, "status")
    assert time.monotonic() - begun < 4
