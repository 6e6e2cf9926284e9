"""What every test can ask for: a real store, a real broker, a database of its own."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from shared.runtime.mongo import Database, connect, database as open_database


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def store_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a SecantusDB server of this run, or of LINLI_TEST_MONGO_URL."""
    if given := os.environ.get("LINLI_TEST_MONGO_URL"):
        yield given
        return
    folder, port = tmp_path_factory.mktemp("store"), free_port()
    with (folder / "log").open("wb") as output:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "secantus", "--port", str(port)),
                *("--storage-path", str(folder / "data"), "--cache-size", "96M", "--log-level", "WARNING"),
            ],
            stdout=output,
            stderr=output,
        )
    wait_for_port(port, folder / "log")
    yield f"mongodb://127.0.0.1:{port}/?retryWrites=false"
    server.terminate()
    server.wait(30)


def wait_for_port(port: int, output: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
    raise TimeoutError(f"nothing on port {port}: {output.read_text()[-2000:]}")


@pytest.fixture
async def database(store_url: str) -> AsyncIterator[Database]:
    """An empty database of this test's own."""
    client = connect(store_url)
    name = f"test_{uuid4().hex[:12]}"
    yield open_database(client, name)
    await client.drop_database(name)
    client.close()
