"""The receivers of the docs take what is signed for them, once each, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.support.waiting import until

RECEIVERS = Path(__file__).resolve().parents[2] / "docs" / "receivers"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
TOOLS = {"python": sys.executable, "node": "node", "go": "go", "java": "javac"}
OFFLINE = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local"}
LIMIT = 1024 * 1024

_numbers = count(1)

Headers = Mapping[str, str | bytes]


@dataclass(frozen=True)
class Running:
    """A receiver that listens on `port`; what it says goes to the file `said`."""

    port: int
    said: Path

    def send(self, headers: Headers, body: bytes) -> int:
        """The status of its answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(
                "POST", "/hook", body, {"Content-Type": "application/cloudevents+json", **headers}
            )
            return connection.getresponse().status
        finally:
            connection.close()

    def lines(self) -> list[Any]:
        """What it said: a JSON value each, in order."""
        return [json.loads(line) for line in self.said.read_text(encoding="utf-8").splitlines()]


def compiled(language: str, folder: Path) -> list[str]:
    """The command that runs the receiver of `language`; what it has to be compiled to goes to `folder`."""
    if shutil.which(TOOLS[language]) is None:
        pytest.skip(f"{TOOLS[language]} is not installed")
    match language:
        case "python":
            return [sys.executable, str(RECEIVERS / "receiver.py")]
        case "node":
            return ["node", str(RECEIVERS / "receiver.mjs")]
        case "go":
            build = ["go", "build", "-o", str(folder / "receiver"), str(RECEIVERS / "receiver.go")]
            subprocess.run(build, env={**os.environ, **OFFLINE}, check=True, timeout=120)
            return [str(folder / "receiver")]
        case _:
            build = ["javac", "-Xlint:all", "-Werror", "-d", str(folder), str(RECEIVERS / "Receiver.java")]
            subprocess.run(build, check=True, timeout=60)
            return ["java", "-XX:TieredStopAtLevel=1", "-cp", str(folder), "Receiver"]


@pytest.fixture(scope="module", params=list(TOOLS))
def command(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return compiled(request.param, tmp_path_factory.mktemp(request.param))


@contextmanager
def process(command: list[str], secrets: str, said: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The receiver as a process, ended on leaving, and its port, on which it may not yet listen."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "WEBHOOK_SECRET": secrets, "PORT": str(port)}
    with said.open("wb") as output:
        started = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.DEVNULL)
        try:
            yield started, port
        finally:
            started.kill()
            started.wait(timeout=10)


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture
async def receiver(
    command: list[str], request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Running]:
    """A receiver with the secrets that the test says; with SECRET, if it says none."""
    secrets = getattr(request, "param", SECRET)
    said = tmp_path / "said.jsonl"
    with process(command, secrets, said) as (started, port):
        await until(lambda: started.poll() is not None or listens(port))
        assert started.poll() is None, "it did not stay"
        yield Running(port, said)


def event(**more: object) -> bytes:
    return json.dumps({**more, "specversion": "1.0", "type": "visit-completed"}, ensure_ascii=False).encode()


def signed(body: bytes, secret: str = SECRET, id: str | None = None, seconds: int = 0) -> dict[str, str]:
    """The headers of `body`, signed `seconds` from now by the official package."""
    id = id or f"event-{next(_numbers)}"
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(id, at, body.decode()),
    }


def test_an_event_is_taken_once_however_often_it_comes(receiver: Running) -> None:
    body = event(data={"outcome": "done"})
    assert receiver.send(signed(body, id="event-a"), body) == 204
    assert receiver.send(signed(body, id="event-a"), body) == 204
    assert receiver.send(signed(body, id="event-a", seconds=-60), body) == 204
    assert receiver.lines() == [json.loads(body)]
    assert receiver.send(signed(body, id="event-b"), body) == 204
    assert len(receiver.lines()) == 2


def test_an_event_that_comes_several_times_at_once_is_taken_once(receiver: Running) -> None:
    body = event()
    headers = signed(body)
    with ThreadPoolExecutor(4) as pool:
        statuses = {*pool.map(lambda _: receiver.send(headers, body), range(24))}
    assert statuses == {204}
    assert len(receiver.lines()) == 1


def refused(body: bytes) -> dict[str, tuple[Headers, bytes]]:
    """Requests that are no webhooks of ours, by what is wrong with them."""
    good = signed(body)
    signature = good["webhook-signature"]
    without = {f"no {name}": ({k: v for k, v in good.items() if k != name}, body) for name in good}
    empty = {f"empty {name}": ({**good, name: ""}, body) for name in good}
    garbage = {
        f"garbage in {name}": ({**good, name: value}, body)
        for name in good
        for value in (b"\xff\xfe, \xe9\x99\x86", b",,, v1, v1,= v1,%%%")
    }
    times = {
        f"timestamp {value!r}": ({**good, "webhook-timestamp": value}, body)
        for value in ("NaN", "-1", "1e9", "9" * 400, f"+{good['webhook-timestamp']}")
    }
    return {
        "another's signature": (signed(body, secret=OTHER), body),
        "a changed body": (good, body.replace(b"completed", b"cancelled")),
        "a body written otherwise": (good, body.replace(b": ", b":")),
        "no body": (good, b""),
        "another id": ({**good, "webhook-id": "event-0"}, body),
        "another time": ({**good, "webhook-timestamp": str(int(good["webhook-timestamp"]) - 1)}, body),
        "five minutes old": (signed(body, seconds=-301), body),
        "of the future": (signed(body, seconds=310), body),
        "another version": ({**good, "webhook-signature": signature.replace("v1,", "v2,")}, body),
        "no version": ({**good, "webhook-signature": signature.removeprefix("v1,")}, body),
        "half a signature": ({**good, "webhook-signature": signature[:20]}, body),
        **without,
        **empty,
        **garbage,
        **times,
    }


def test_what_is_not_signed_for_it_is_refused(receiver: Running) -> None:
    cases = refused(event())
    statuses = {what: receiver.send(headers, body) for what, (headers, body) in cases.items()}
    assert statuses == dict.fromkeys(cases, 401)
    assert receiver.lines() == []


def test_what_was_refused_is_taken_when_it_comes_as_it_should(receiver: Running) -> None:
    body = event()
    assert receiver.send(signed(body, id="event-a", secret=OTHER), body) == 401
    assert receiver.send(signed(body, id="event-a"), body) == 204
    assert len(receiver.lines()) == 1


def test_what_is_signed_for_it_is_taken(receiver: Running) -> None:
    body = event(data={"note": '邻里 🏠 é\n\\"', "unitsequence": [7]})
    beside = signed(body)
    beside["webhook-signature"] = f"v1a,AAAA v2,x {beside['webhook-signature']} v9"
    second = signed(body)
    another = signed(body, secret=OTHER)["webhook-signature"]
    second["webhook-signature"] = f"{another} {second['webhook-signature']}"
    cases = {
        "unknown versions beside": beside,
        "the second of two": second,
        "almost too old": signed(body, seconds=-290),
        "a clock that is behind": signed(body, seconds=290),
    }
    assert {what: receiver.send(headers, body) for what, headers in cases.items()} == dict.fromkeys(
        cases, 204
    )
    assert receiver.lines() == [json.loads(body)] * len(cases)


def test_a_mebibyte_is_taken_and_more_is_not(receiver: Running) -> None:
    whole = event(data="")
    whole = event(data="x" * (LIMIT - len(whole)))
    assert receiver.send(signed(whole), whole) == 204
    longer = whole + b" "
    with suppress(ConnectionResetError, BrokenPipeError):  # it may hang up before it was sent all of it
        assert receiver.send(signed(longer), longer) == 413
    assert len(receiver.lines()) == 1


def test_a_gap_is_said(receiver: Running) -> None:
    for number in (7, 8, 12, 9, 13):
        body = event(data={"unitsequence": 99}, unitsequence=number)
        assert receiver.send(signed(body), body) == 204
    said = [line.get("gap") or line["unitsequence"] for line in receiver.lines()]
    assert said == [7, 8, {"from": 9, "to": 11}, 12, 9, 13]


@pytest.mark.parametrize("receiver", [f"{OTHER} {SECRET}"], indirect=True)
def test_while_a_secret_rotates_both_are_good(receiver: Running) -> None:
    body = event()
    assert receiver.send(signed(body), body) == 204
    assert receiver.send(signed(body, secret=OTHER), body) == 204
    assert len(receiver.lines()) == 2


@pytest.mark.parametrize("receiver", [""], indirect=True)
def test_without_a_secret_nothing_is_taken(receiver: Running) -> None:
    body = event()
    assert receiver.send(signed(body), body) == 401
    assert receiver.lines() == []


def test_with_what_is_no_secret_it_does_not_start(command: list[str], tmp_path: Path) -> None:
    with process(command, f"{SECRET} whsec_", tmp_path / "said.jsonl") as (started, _):
        assert started.wait(timeout=10) != 0
