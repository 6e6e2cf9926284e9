"""What a service reads from its environment: what cannot be is refused at the start, no secret repeated."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from deploy.stack.services import CHECKOUT
from shared.runtime.settings import NotifySettings, wrong_settings
from tests.support.community import SERVICES

SOUND = {
    "mongo_url": "mongodb://127.0.0.1:1/linli",
    "amqp_url": "amqp://127.0.0.1:1/",
    "port": "1",
    "key_file": "keys.json",
    **{f"{name}_secret": "a" for name in ("client", "admin", "dispatch", "notify", "audit")},
    **{f"{name}_url": "http://127.0.0.1:1" for name in SERVICES},
}


def wrong(**other: str) -> dict[str, str]:
    """What notify says to these settings on top of sound ones."""
    try:
        NotifySettings.model_validate({**SOUND, **other})
    except ValidationError as error:
        return wrong_settings(error)
    return {}


@pytest.mark.parametrize(
    "schedule",
    ["-1", "5,-300", "0", "5,0", "", ",", "soon", "5,soon", "5;300", "nan", "inf", "1e9", "2592001", "0x10"],
)
def test_waits_that_no_retry_can_be_planned_by_are_refused(schedule: str) -> None:
    said = wrong(retry_schedule=schedule)
    assert list(said) == ["LINLI_RETRY_SCHEDULE"]
    assert "it must be seconds, comma-separated" in said["LINLI_RETRY_SCHEDULE"]


@pytest.mark.parametrize("schedule", ["5", "0.05,0.05", " 5, 300 ,", "2592000"])
def test_waits_that_are_seconds_are_taken(schedule: str) -> None:
    assert wrong(retry_schedule=schedule) == {}


MALFORMED = [
    "",
    "nonsense",
    "{0}",
    "{0}:",
    "{0}://",
    "{0}:///linli",
    "http://user:hush@host/",
    "{0}://user:hush@/",
    "{0}://user:hush@host:port/",
    "{0}://user:hush@host:0/",
    "{0}://user:hush@host:99999/",
    "{0}://user:hu/sh@host/",
    "{0}://user:12/hush@host/",
    "{0}://user:hu?sh@host/",
    "{0}://user:12?hush=1@host/",
    "{0}://user:hu#sh@host/",
    "{0}://user:[hush@host/",
    "{0}://user:hush@[::1/",
    "{0}://user:hush@ho st/",
    "{0}://user:hush@host/\n",
]


@pytest.mark.parametrize("url", MALFORMED)
@pytest.mark.parametrize(
    ("name", "scheme", "says"),
    [("mongo_url", "mongodb", "mongodb:// or mongodb+srv://"), ("amqp_url", "amqp", "amqp:// or amqps://")],
)
def test_an_address_that_leads_nowhere_is_refused_without_its_password(
    name: str, scheme: str, says: str, url: str
) -> None:
    said = wrong(**{name: url.format(scheme)})
    assert list(said) == [f"LINLI_{name.upper()}"]
    [text] = said.values()
    assert text.startswith(f"it must begin with {says} and name a host")
    assert not [part for part in ("hush", "sh@", "user:", "host:", "12") if part in text]


def test_addresses_as_they_are_in_use_are_taken() -> None:
    for url in (
        "mongodb://a:p%40ss%2F@127.0.0.1:8013/linli?authSource=linli&retryWrites=false",
        "mongodb://a:b@one:27017,two:27017/linli?replicaSet=rs0",
        "mongodb+srv://a:b@cluster.invalid/linli",
        "mongodb://[::1]:27017/",
    ):
        assert wrong(mongo_url=url) == {}
    for url in ("amqp://a:p%40ss%2F@127.0.0.1:8011/", "amqps://a:b@[::1]/%2F", "amqp://localhost?name=x"):
        assert wrong(amqp_url=url) == {}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_started_by_hand_says_what_is_wrong_and_ends_with_2(service: str, tmp_path: Path) -> None:
    given = {
        **SOUND,
        "mongo_url": "mongodb://linli:hu/sh@127.0.0.1/",
        "amqp_url": "amqp://linli:hu/sh@127.0.0.1/",
        "retry_schedule": "5,-1",
        "key_file": str(tmp_path / "keys.json"),
    }
    environment = {f"LINLI_{name.upper()}": value for name, value in given.items()}
    done = subprocess.run(
        [sys.executable, "-m", f"services.{service}"],
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    names = [line.split(": ")[:2] for line in done.stderr.splitlines()]
    expected = ["LINLI_MONGO_URL", "LINLI_AMQP_URL", "LINLI_RETRY_SCHEDULE"][
        : 3 if service == "notify" else 2
    ]
    assert names == [[service, name] for name in expected]
    assert "sh@" not in done.stdout + done.stderr
