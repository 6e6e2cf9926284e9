"""The image, as far as that can be seen without an engine: what goes into it, and what runs out of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from deploy.stack import SERVICES
from deploy.stack.ports import free_base
from tests.support.composed import ROOT, SETTINGS, read


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with what follows each; lines that go on are joined."""
    text = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def every(name: str) -> list[str]:
    return [rest for word, rest in instructions() if word == name]


def copied() -> list[Path]:
    """What is copied from the checkout, relative to it."""
    sources = [rest.split()[:-1] for rest in every("COPY") if "--from" not in rest]
    return [Path(source) for line in sources for source in line]


def test_every_source_is_there_and_let_through() -> None:
    let_through = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line[:1] == "!"
    }
    assert {str(path) for path in copied()} == let_through
    assert all((ROOT / path).exists() for path in copied())


def test_nothing_runs_as_root() -> None:
    user = every("USER")[-1]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    assert [word for word, _ in instructions()].index("USER") > instructions().index(
        ("FROM", "python:3.13-slim")
    )


def test_the_base_is_of_a_fixed_minor_version() -> None:
    assert {base.split()[0] for base in every("FROM")} == {"python:3.13-slim"}


def test_nothing_is_installed_that_the_lock_does_not_name() -> None:
    lines = [f"{word} {rest}" for word, rest in instructions()]
    locked = next(at for at, line in enumerate(lines) if "--require-hashes" in line)
    assert "pip wheel --require-hashes --requirement requirements.lock --wheel-dir /wheels" in lines[locked]
    # After it, pip knows of no index; before it, nothing was installed.
    assert lines[locked + 1] == "ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels"
    assert not [line for line in lines[:locked] if line.startswith("RUN")]
    final = lines[max(at for at, line in enumerate(lines) if line.startswith("FROM")) :]
    assert not [line for line in final if "pip " in line]


def test_the_image_and_compose_ask_for_health_in_the_same_way() -> None:
    asked = [read().services[name].healthcheck.test for name in SERVICES]
    (health,) = every("HEALTHCHECK")
    words = re.findall(r'"([^"]+)"', health)
    assert all(test == ["CMD", *words] for test in asked)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as the image installs it, made from nothing but what the Dockerfile copies."""
    context = tmp_path_factory.mktemp("context")
    for path in copied():
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, context / path, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / path, context / path)
    build = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
    made = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-c", build, str(made)], cwd=context, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return next(made.glob("linli-*.whl"))


def test_the_wheel_has_every_module_and_every_data_file(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("services", "shared", "deploy"):
        files = [path for path in (ROOT / folder).rglob("*") if path.is_file()]
        wanted = [path for path in files if path.suffix == ".py" or folder != "deploy"]
        names = {str(path.relative_to(ROOT)) for path in wanted if path.parent.name != "__pycache__"}
        assert names <= packed
    assert not [name for name in packed if name.startswith(("tests", "build"))]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_without_settings_names_each_that_is_missing(
    service: str, wheel: Path, tmp_path: Path
) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "site"), "PYTHONSAFEPATH": "1"}
    assert every("ENTRYPOINT") == ['["python", "-m"]']
    done = subprocess.run(
        [sys.executable, "-m", *read().services[service].command],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2, done.stderr
    required = [name for name, field in SETTINGS[service].model_fields.items() if field.is_required()]
    named = re.findall(rf"^{service}: (LINLI_\w+): ", done.stderr, re.MULTILINE)
    assert sorted(named) == sorted(f"LINLI_{name.upper()}" for name in required)


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A server whose /readyz answers `status`; its port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: its log is not what is tested."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def health(port: int) -> int:
    environment = {"PATH": os.environ["PATH"], "LINLI_PORT": str(port)}
    asked = [sys.executable, "-m", "deploy.compose.ready"]
    return subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, timeout=10).returncode


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_health_is_what_readyz_says(status: int, code: int) -> None:
    with answering(status) as port:
        assert health(port) == code


def test_a_service_that_does_not_listen_is_not_healthy() -> None:
    assert health(free_base()) == 1
