"""The demo: what it checks, and the whole of it as a newcomer starts it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from deploy.demo.checks import (
    Check,
    all_hold,
    all_verified,
    found_out,
    is_complete,
    same_events,
    same_number,
    same_order,
    small_services,
    small_stack,
    unbroken,
)
from deploy.demo.evidence import Entry, due
from deploy.demo.partner import ACCEPTED, BROKEN, FORGED, NOT_OURS, Inbox
from deploy.demo.population import population, volunteers
from deploy.stack import PARTS, SERVICES, PartStatus
from deploy.stack.services import CHECKOUT
from shared.kernel.cloudevent import CloudEvent, Place

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
UNIT = "unit-health-centre"


def test_a_unit_that_missed_an_event_fails_the_demo() -> None:
    assert same_events("it", ["a", "b"], {"b", "a"}).holds
    assert not same_events("it", ["a"], ["a", "b"]).holds


def test_a_unit_that_got_what_it_was_not_due_fails_the_demo() -> None:
    assert not same_events("it", ["a", "b"], ["a"]).holds


def test_a_unit_that_was_due_nothing_proves_nothing() -> None:
    assert not same_events("it", [], []).holds


def test_a_forged_webhook_fails_the_demo() -> None:
    sound = {"one": [(BROKEN, "a"), (ACCEPTED, "a")], "other": [(ACCEPTED, "b")]}
    assert all_verified(sound).holds
    assert not all_verified({**sound, "third": [(FORGED, "c")]}).holds
    assert not all_verified({**sound, "third": [(NOT_OURS, "c")]}).holds
    assert not all_verified({}).holds


def test_numbers_that_do_not_add_up_fail_the_demo() -> None:
    assert same_number("they add up", {"planned": 3, "answered": 3, "in audit": 3}).holds
    assert not same_number("they add up", {"planned": 3, "answered": 3, "in audit": 2}).holds
    assert not is_complete({"registry": ["a"], "dispatch": ["b"]}, 3).holds
    assert not same_order("registry", ["b", "a"], ["a", "b"]).holds


def test_a_verdict_that_is_wrong_fails_the_demo() -> None:
    assert unbroken(True, 10).holds
    assert not unbroken(False, 10).holds
    assert not unbroken(True, 0).holds
    assert found_out(7, 7).holds
    assert not found_out(7, 8).holds
    assert not found_out(7, None).holds


def parts(**sizes: float) -> list[PartStatus]:
    """The parts of a stack of 600 MB, those named taking other megabytes."""
    return [PartStatus(name, "up", 1, memory_mb=sizes.get(name, 100.0)) for name in PARTS]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_that_grew_too_large_fails_the_demo(service: str) -> None:
    assert small_services(parts(rabbitmq=300.0, store=300.0)).holds
    assert small_services(parts(**{service: 149.9})).holds
    assert not small_services(parts(**{service: 150.0})).holds


def test_a_stack_that_grew_too_large_fails_the_demo() -> None:
    assert small_stack(parts(store=399.9)).holds
    assert not small_stack(parts(store=400.0)).holds


def test_what_does_not_run_takes_no_memory_and_proves_nothing() -> None:
    assert not small_services(parts(audit=0.0)).holds
    assert not small_services(parts()[:-1]).holds
    assert not small_stack(parts(store=0.0)).holds
    assert not small_stack([]).holds


def test_one_check_that_does_not_hold_is_enough_to_fail() -> None:
    sound = Check("it holds", True, "")
    assert all_hold([sound, sound])
    assert not all_hold([sound, replace(sound, holds=False)])
    assert not all_hold([])


def entry(seq: int, type: str, service: str, **data: object) -> Entry:
    """An entry recorded at second `seq`."""
    at = f"2026-11-24T08:00:{seq:02d}.000Z"
    place = Place(seq, 0, 1)
    found = json.loads(json.dumps(data))
    event = CloudEvent(b"", f"event-{seq}", service, type, "x-1", 1, place, at, at, "shaba", "c", found)
    return Entry(seq, event)


def test_a_unit_is_due_what_concerns_it_from_its_endpoint_on() -> None:
    entries = [
        entry(1, "service-published", "registry", units=[UNIT]),
        entry(2, "endpoint-registered", "notify", unit=UNIT),
        entry(3, "volunteer-registered", "registry", units=[UNIT]),
        entry(4, "volunteer-registered", "registry", units=["unit-red-cross"]),
        entry(5, "resident-registered", "registry"),
        entry(6, "request-created", "dispatch", units=["unit-red-cross", UNIT]),
        entry(7, "notification-delivered", "notify", units=[UNIT]),
    ]
    assert due(entries, UNIT) == {"event-3", "event-6"}
    assert due(entries, "unit-red-cross") == set()


@pytest.fixture
async def inbox() -> AsyncIterator[tuple[str, list[tuple[int, str]]]]:
    """The address of an inbox that fails once, and its journal."""
    journal: list[tuple[int, str]] = []
    box = Inbox(UNIT, SECRET, lambda status, id: journal.append((status, id)), failures=1)
    app = web.Application()
    app.router.add_post("/webhooks", box.receive)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks", journal
    await runner.cleanup()


async def test_a_partners_inbox_takes_what_is_signed_for_it_and_nothing_else(
    inbox: tuple[str, list[tuple[int, str]]],
) -> None:
    url, journal = inbox

    async def sent(id: str, unit: str = UNIT, secret: str = SECRET) -> int:
        now = datetime.now(UTC)
        body = json.dumps({"id": id, "data": {"units": [unit]}})
        headers = {
            "webhook-id": id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(id, now, body),
        }
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=body, headers=headers) as answer,
        ):
            return answer.status

    assert await sent("one") == BROKEN
    assert await sent("one") == ACCEPTED
    assert await sent("two", unit="unit-red-cross") == NOT_OURS
    assert await sent("three", secret="whsec_" + "A" * 32) == FORGED
    assert journal == [(BROKEN, "one"), (ACCEPTED, "one"), (NOT_OURS, "two"), (FORGED, "three")]


def demo(data: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "deploy.demo", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LINLI_")}
    return subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env=environment | {"LINLI_DATA": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def nothing_is_left(data: Path) -> bool:
    """Whether no process of a demo in that folder runs, and nothing that it wrote is there."""
    shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return str(data) not in shown and [found.name for found in data.iterdir()] == ["secrets.json"]


def test_a_small_day_is_played_and_everything_holds(tmp_path: Path) -> None:
    running = demo(tmp_path / "data", "--residents", "60", "--requests", "12")
    said, _ = running.communicate(timeout=120)
    assert running.returncode == 0, said
    for part in (
        "The community",
        "The day",
        "Events recorded, by service",
        "What each partner unit received",
        "The story of one request",
        "visit-completed",
        "The audit's verdict",
        "The copy is not intact",
        "Memory",
        "✓ every service takes less than 150 MB",
        "✓ the whole stack takes less than 900 MB",
        "Everything holds",
    ):
        assert part in said
    assert "✗" not in said
    names = [*(person.name for person in population(60)), *(person.name for person in volunteers())]
    assert not [name for name in names if len(name) > 2 and name in said]
    assert nothing_is_left(tmp_path / "data")


def test_a_demo_that_is_broken_off_leaves_nothing(tmp_path: Path) -> None:
    running = demo(tmp_path / "data")
    assert running.stdout is not None
    deadline = time.monotonic() + 60
    for line in running.stdout:
        assert time.monotonic() < deadline
        if "volunteers on record" in line:
            running.send_signal(signal.SIGINT)
            break
    said, _ = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert "Traceback" not in said
    assert nothing_is_left(tmp_path / "data")


def test_a_demo_that_cannot_begin_says_why_and_fails(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    running = demo(tmp_path)
    said, _ = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "holds something else" in said
    assert "Traceback" not in said
    assert [found.name for found in tmp_path.iterdir()] == ["letters"]
