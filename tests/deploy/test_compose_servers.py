"""What prepares the servers of the containers, run against the servers of the native stack."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure
from yarl import URL

from deploy.stack import SERVICES, Stack, ephemeral
from deploy.stack.ports import free_base
from deploy.stack.processes import spawn
from deploy.stack.store import Store, UnlockedStore
from tests.support.composed import ROOT, made_env, read, read_env
from tests.support.waiting import until

COMPOSE = read()


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return read_env(made_env(tmp_path_factory.mktemp("checkout")))


@pytest.fixture(scope="module")
def store() -> Iterator[Stack]:
    """The native store with its users, as a member of a replica set, which a container's store is."""
    with ephemeral(("store",)) as stack:
        stack.stop("store")
        member = Store(stack.site, replica_set=True)
        process = spawn(member.prepare(), stack.site.folder.log("store"))
        try:
            asyncio.run(until(lambda: member.why_not_ready() is None))
            yield stack
        finally:
            process.end(grace=20)


def run(module: str, *words: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        timeout=60,
    )


def prepare_store(address: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    module, _, member = COMPOSE.services["store-setup"].command
    return run(module, address, member, env=env)


def rights(url: str) -> dict[str, object]:
    """Every user that a set-up makes, with its roles, as the store tells them."""
    with MongoClient[dict[str, object]](url) as client:
        return {
            user["_id"]: user["roles"]
            for database in ("admin", *(f"linli_{name}" for name in SERVICES))
            for user in client[database].command("usersInfo")["users"]
        }


def test_the_broker_gives_the_same_rights_as_the_native_one(
    servers: Stack, values: dict[str, str], tmp_path: Path
) -> None:
    setup = COMPOSE.services["broker-setup"]
    target = tmp_path / Path(setup.command[1]).name
    for _ in range(2):
        done = run(setup.command[0], str(target), env=setup.filled_in(values))
        assert done.returncode == 0, done.stderr
    made = json.loads(target.read_text())
    native = json.loads((servers.folder.path / "rabbitmq" / "definitions.json").read_text())

    for user in (*made["users"], *native["users"]):
        user.pop("password_hash")
    assert made == native


def test_the_broker_knows_the_passwords_that_the_services_have(
    values: dict[str, str], tmp_path: Path
) -> None:
    setup = COMPOSE.services["broker-setup"]
    target = tmp_path / "definitions.json"
    run(setup.command[0], str(target), env=setup.filled_in(values))
    hashes = {user["name"]: user["password_hash"] for user in json.loads(target.read_text())["users"]}
    for service in SERVICES:
        password = URL(COMPOSE.services[service].filled_in(values)["LINLI_AMQP_URL"]).password
        assert password
        hashed = base64.b64decode(hashes[service])
        assert hashlib.sha256(hashed[:4] + password.encode()).digest() == hashed[4:]


def test_the_broker_finds_its_definitions_where_they_are_written_and_may_read_them(
    values: dict[str, str], tmp_path: Path
) -> None:
    setup, broker = COMPOSE.services["broker-setup"], COMPOSE.services["rabbitmq"]
    written = Path(setup.command[1])
    (out,), into = setup.mounts(), next(one for one in broker.mounts() if one.source == "broker-definitions")
    assert (out.source, out.target) == (into.source, str(written.parent))
    configuration = (ROOT / "deploy" / "compose" / "rabbitmq.conf").read_text()
    assert f"load_definitions = {into.target}/{written.name}\n" in configuration

    run(setup.command[0], str(tmp_path / written.name), env=setup.filled_in(values))
    assert stat.S_IMODE((tmp_path / written.name).stat().st_mode) == 0o644


@contextmanager
def unlocked_store(folder: Path) -> Iterator[UnlockedStore]:
    """A store that has no users yet and lets anybody make them, as MongoDB does on its own loopback."""
    unlocked = UnlockedStore(Stack(folder, free_base(), ()).site, replica_set=True)
    process = spawn(unlocked.prepare(), unlocked.site.folder.log("store"))
    try:
        yield unlocked
    finally:
        process.end(grace=20)


async def test_a_new_store_gives_the_same_rights_as_the_native_one(
    store: Stack, values: dict[str, str], tmp_path: Path
) -> None:
    setup = COMPOSE.services["store-setup"].filled_in(values)
    with unlocked_store(tmp_path / "data") as new:
        await until(lambda: new.why_not_ready() is None)
        for _ in range(2):
            done = prepare_store(f"127.0.0.1:{new.ports[0]}", setup)
            assert done.returncode == 0, done.stderr
        assert rights(new.url) == rights(store.site.mongo_url())


def test_a_store_that_exists_takes_over_the_passwords_that_the_services_have(
    store: Stack, values: dict[str, str]
) -> None:
    before = rights(store.site.mongo_url())
    address = f"127.0.0.1:{store.ports.of('store')}"
    setup = COMPOSE.services["store-setup"].filled_in(values)
    setup["STORE_PASSWORD_OPERATOR"] = store.site.credentials.operator.store
    done = prepare_store(address, setup)
    assert done.returncode == 0, done.stderr
    assert rights(store.site.mongo_url()) == before
    for service in SERVICES:
        given = URL(COMPOSE.services[service].filled_in(values)["LINLI_MONGO_URL"])
        here = given.with_host("127.0.0.1").with_port(store.ports.of("store"))
        url = str(here.update_query(replicaSet="secantus", retryWrites="false"))
        with MongoClient[dict[str, object]](url) as client:
            client[f"linli_{service}"]["own"].insert_one({"mine": True})
            with pytest.raises(OperationFailure, match="not authorized"):
                client["linli_other"]["own"].find_one()


def test_a_store_with_another_operator_is_left_alone_and_says_so(
    store: Stack, values: dict[str, str]
) -> None:
    setup = COMPOSE.services["store-setup"].filled_in(values)
    done = prepare_store(f"127.0.0.1:{store.ports.of('store')}", setup)
    assert done.returncode == 1
    assert "STORE_PASSWORD_OPERATOR" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["broker-setup", "store-setup"])
def test_a_set_up_names_the_passwords_that_are_missing(name: str, values: dict[str, str]) -> None:
    setup = COMPOSE.services[name]
    given = setup.filled_in(values)
    lacking = dict(list(given.items())[2:])
    done = run(*setup.command, env=lacking)
    assert done.returncode == 2
    assert all(variable in done.stderr for variable in given.keys() - lacking.keys())
    assert not any(variable in done.stderr for variable in lacking)


def test_mongodb_starts_with_a_key_file_that_is_made_once(tmp_path: Path) -> None:
    entry_point = tmp_path / "docker-entrypoint.sh"
    entry_point.write_text('#!/bin/sh\necho "$@"\n')
    entry_point.chmod(0o755)
    mongodb = COMPOSE.services["mongodb"]
    assert mongodb.entrypoint[:2] == ["bash", "/linli/mongodb.sh"]
    key = tmp_path / "keyfile"
    words = ["bash", str(ROOT / "deploy/compose/mongodb.sh"), str(key), *mongodb.command]
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    kept = set()
    for _ in range(2):
        started = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
        assert started.stdout.split() == [*mongodb.command, "--keyFile", str(key)]
        kept.add(key.read_text())
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(kept) == 1
    # MongoDB takes 6 to 1024 characters of base64, and anything else for no key at all.
    assert 6 <= len(kept.pop()) <= 1024
