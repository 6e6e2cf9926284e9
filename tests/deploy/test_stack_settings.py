"""What a person may set for the native stack: what is wrong is refused at once, in words, through `linli`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.stack import SERVERS, Stack, StackError
from deploy.stack.ports import free_base
from deploy.stack.services import CHECKOUT

DEAD = "127.0.0.1:1"


def linli(command: str, data: Path, base: int, **settings: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LINLI_")}
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli", command],
        cwd=CHECKOUT,
        env=clean | {"LINLI_DATA": str(data), "LINLI_PORT_BASE": str(base)} | settings,
        capture_output=True,
        text=True,
        timeout=90,
    )


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LINLI_PORT_BASE", "eighty", "it must be a number"),
        ("LINLI_PORT_BASE", "80", "it must be a number"),
        ("LINLI_CASE", "atlantis", "no case named 'atlantis'; there is: shaba"),
        ("LINLI_RETRY_SCHEDULE", "5,soon", "=5,soon: it must be seconds"),
        ("LINLI_RETRY_SCHEDULE", "-5", "numbers above 0"),
        ("LINLI_RETRY_SCHEDULE", "", "numbers above 0"),
        ("LINLI_ALLOW_NETWORKS", "300.0.0.0/8", "IPv4 or IPv6 network"),
        ("LINLI_LOG_LEVEL", "loud", "'debug', 'info'"),
        ("LINLI_AMQP_URL", f"amqp://a:secret@{DEAD}/", f"no broker lets us in at {DEAD}"),
        ("LINLI_AMQP_URL", "nonsense", "must begin with amqp://"),
        ("LINLI_AMQP_URL", "amqp://a:12/secret@host/", "must begin with amqp://"),
        ("LINLI_AMQP_URL", "amqp://a:secret@[::1/", "must begin with amqp://"),
        ("LINLI_BROKER_ADMIN_URL", "http://a:12/secret@host", "must begin with http://"),
        ("LINLI_BROKER_ADMIN_URL", "http://host:15672", "must begin with http://"),
        ("LINLI_MONGO_URL", f"mongodb://a:secret@{DEAD}/", f"no store answers at {DEAD}"),
        ("LINLI_MONGO_URL", "nonsense", "must begin with mongodb://"),
        ("LINLI_MONGO_URL", "mongodb://a:12/secret@host/", "must begin with mongodb://"),
        ("LINLI_MONGO_URL", "mongodb://a:secret@[::1/", "must begin with mongodb://"),
        ("LINLI_MONGO_URL", "mongodb://a:[secret@host:port/", "must begin with mongodb://"),
        ("LINLI_DATA", "/dev/null/data", "cannot be used"),
    ],
)
def test_what_cannot_be_is_refused_in_words_before_anything_is_started(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    run = linli("up", tmp_path / "data", free_base(), **{name: value})
    assert run.returncode == 1
    assert run.stderr.startswith(f"linli: {name}")
    assert said in run.stderr
    assert "Traceback" not in run.stderr
    assert len(run.stderr.splitlines()) == 1
    assert "secret" not in run.stderr + run.stdout
    assert Stack(tmp_path / "data").running() == []


@pytest.fixture
def chinese(tmp_path: Path) -> Iterator[Stack]:
    made = Stack(tmp_path / "邻里 社区" / "data", free_base(), SERVERS)
    yield made
    made.down()


def test_a_folder_may_have_a_chinese_name_with_a_space(chinese: Stack) -> None:
    chinese.up()
    assert {part.state for part in chinese.status()} == {"up"}


def test_a_folder_in_which_the_broker_would_hang_is_refused_at_once(tmp_path: Path) -> None:
    quoted = Stack(tmp_path / "it's" / "data", free_base(), SERVERS)
    with pytest.raises(StackError, match="does not start in a folder whose path has a '"):
        quoted.up()
    assert quoted.running() == []


def test_the_first_start_decides_on_the_case_and_down_says_what_it_ended(tmp_path: Path) -> None:
    data, base = tmp_path / "data", free_base()
    try:
        first = linli("up", data, base, LINLI_CASE="none")
        assert first.returncode == 0, first.stderr
        other = linli("up", data, base, LINLI_CASE="shaba")
        assert other.returncode == 1
        assert "LINLI_CASE=shaba: the data in" in other.stderr
        assert "began with none" in other.stderr
        assert Stack(data, base).environment("registry")["LINLI_CASE"] == "none"
        assert linli("up", data, base).returncode == 0
        assert linli("up", data, base, LINLI_CASE="none").returncode == 0
    finally:
        down = linli("down", data, base)
    assert down.returncode == 0, down.stderr
    for part in ("rabbitmq", "store", "registry", "dispatch", "notify", "audit"):
        assert part in down.stdout
    assert linli("down", data, base).stdout.startswith("nothing ran")
