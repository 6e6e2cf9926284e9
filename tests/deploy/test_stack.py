"""The native stack, tried as its users do: through its data folder, its ports and its servers."""

import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue
from aiormq.exceptions import ChannelAccessRefused, ProbableAuthenticationError
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from deploy.stack import SERVERS, PortTaken, Stack, StackError, StackFile, ephemeral
from deploy.stack.credentials import SERVICES, keep_credentials
from deploy.stack.ports import free_base, listening
from deploy.stack.processes import Process
from deploy.stack.services import CHECKOUT
from shared.runtime.settings import NotifySettings, RegistrySettings, Settings


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with ephemeral() as up:
        yield up


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Stack]:
    """A stack that a test may treat badly."""
    made = Stack(tmp_path / "data", free_base(), SERVERS)
    yield made
    made.down()


def store(stack: Stack, service: str | None = None) -> MongoClient[dict[str, object]]:
    return MongoClient(stack.site.mongo_url(service), serverSelectionTimeoutMS=5_000)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"


def queue_is_registered(stack: Stack, queue: str) -> bool:
    """Whether the broker would know its quorum queue again after a kill.

    It notes a new one on disk a moment after it has confirmed the declaration, and one that is killed before
    that never gets a leader again (rabbitmq-server's report 15725).
    """
    notes = (stack.folder.path / "rabbitmq").rglob("quorum/*/*.dets")
    return all(queue.encode() in note.read_bytes() for note in notes)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_two_stacks_run_side_by_side_and_leave_nothing_behind() -> None:
    with ExitStack() as both:
        one = both.enter_context(ephemeral())
        other = both.enter_context(ephemeral())
        assert {part.state for stack in (one, other) for part in stack.status()} == {"up"}
        for stack, mark in ((one, "one"), (other, "other")):
            with store(stack) as client:
                client["admin"]["marks"].insert_one({"_id": mark})
        for stack, mark in ((one, "one"), (other, "other")):
            with store(stack) as client:
                assert [found["_id"] for found in client["admin"]["marks"].find()] == [mark]
        processes = [part.pid for stack in (one, other) for part in stack.status()]
        ports = [part.port for stack in (one, other) for part in stack.status()]
    assert not [pid for pid in processes if pid is None or alive(pid)]
    assert not [port for port in ports if listening(port)]
    assert not one.folder.path.exists()


def test_up_again_changes_nothing(stack: Stack) -> None:
    before = stack.up()
    assert stack.up() == before
    # Another launcher, which has only the folder to go by, finds the same.
    assert Stack(stack.folder.path, stack.ports.base, SERVERS).up() == before


def test_two_launchers_at_once_start_one_stack(fresh: Stack) -> None:
    described: list[StackFile] = []
    launchers = [
        threading.Thread(
            target=lambda: described.append(Stack(fresh.folder.path, fresh.ports.base, SERVERS).up())
        )
        for _ in range(2)
    ]
    for launcher in launchers:
        launcher.start()
    for launcher in launchers:
        launcher.join()
    assert len(described) == 2
    assert described[0] == described[1]


async def test_a_killed_server_comes_back_with_its_data(stack: Stack) -> None:
    before = stack.up()
    with store(stack, "dispatch") as client:
        client["linli_dispatch"]["kept"].insert_one({"_id": 1})
    connection = await aio_pika.connect(stack.site.amqp_url("dispatch"))
    async with connection, connection.channel() as channel:
        queue = await channel.declare_queue(
            "dispatch.kept", durable=True, arguments={"x-queue-type": "quorum"}
        )
        exchange = await channel.declare_exchange("events", aio_pika.ExchangeType.TOPIC, durable=True)
        await queue.bind(exchange, "dispatch.kept")
        message = aio_pika.Message(b"kept", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await exchange.publish(message, "dispatch.kept")
    until(lambda: queue_is_registered(stack, "dispatch.kept"))

    for part in SERVERS:
        stack.kill(part)
        assert not alive(before.pids[part])
        assert not listening(stack.ports.of(part))
        assert stack.start(part).pids[part] != before.pids[part]

    with store(stack, "dispatch") as client:
        assert client["linli_dispatch"]["kept"].count_documents({"_id": 1}) == 1
    connection = await aio_pika.connect(stack.site.amqp_url("dispatch"))
    async with connection, connection.channel() as channel:
        queue = await channel.get_queue("dispatch.kept")
        kept = await queue.get(timeout=10)
        assert kept is not None
        assert kept.body == b"kept"
        await kept.ack()
        await queue.delete(if_unused=False, if_empty=False)


def test_up_starts_only_what_has_died(stack: Stack) -> None:
    before = stack.up()
    stack.kill("store")
    after = stack.up()
    assert after.pids["rabbitmq"] == before.pids["rabbitmq"]
    assert after.pids["store"] != before.pids["store"]


def test_data_survives_down_and_up(fresh: Stack) -> None:
    fresh.up()
    with store(fresh, "audit") as client:
        client["linli_audit"]["kept"].insert_one({"_id": 1})
    secrets = fresh.folder.secrets.read_text()
    pids = [part.pid for part in fresh.status()]
    fresh.down()
    assert not [pid for pid in pids if pid is None or alive(pid)]
    assert not listening(fresh.ports.of("epmd"))
    assert not fresh.folder.stack_file.exists()
    assert {part.state for part in fresh.status()} == {"down"}

    fresh.up()
    assert fresh.folder.secrets.read_text() == secrets
    with store(fresh, "audit") as client:
        assert client["linli_audit"]["kept"].count_documents({"_id": 1}) == 1


def test_a_first_start_that_was_cut_short_begins_anew(tmp_path: Path) -> None:
    data, base = tmp_path / "data", free_base()
    program = f"import deploy.stack as s, pathlib as p; s.Stack(p.Path('data'), {base}).start('store')"
    fresh = Stack(data, base, ["store"])
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    launcher = subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, env=environment)
    log = fresh.folder.path / "logs" / "store-first-start.log"
    until(lambda: log.exists() and log.stat().st_size > 0)
    launcher.kill()
    launcher.wait()
    assert not (data / "store" / "data").exists(), "the launcher was not cut short in time"
    try:
        fresh.up()
        with store(fresh, "registry") as client:
            client["linli_registry"]["kept"].insert_one({"_id": 1})
    finally:
        fresh.down()
    assert not listening(base + 13)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reaches_its_own_database_only(stack: Stack, service: str) -> None:
    with store(stack, service) as client:
        client[f"linli_{service}"]["own"].insert_one({"mine": True})
        for other in {"admin", *(f"linli_{name}" for name in SERVICES)} - {f"linli_{service}"}:
            with pytest.raises(OperationFailure, match="not authorized"):
                client[other]["own"].insert_one({"mine": False})
            with pytest.raises(OperationFailure, match="not authorized"):
                client[other]["own"].find_one()


def test_the_store_answers_nobody_without_a_password(stack: Stack) -> None:
    anybody: MongoClient[dict[str, object]] = MongoClient(f"mongodb://127.0.0.1:{stack.ports.of('store')}/")
    with anybody, pytest.raises(OperationFailure, match="authentication"):
        anybody["linli_registry"]["own"].find_one()


async def test_a_service_publishes_under_its_own_name_only(stack: Stack) -> None:
    connection = await aio_pika.connect(stack.site.amqp_url("dispatch"))
    async with connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange("events", aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue("dispatch.rights", exclusive=True)
        await queue.bind(exchange, "#")
        await exchange.publish(aio_pika.Message(b"mine"), "dispatch.request-created")
        assert (await queue.get(timeout=10)).body == b"mine"
        with pytest.raises(ChannelAccessRefused):
            await exchange.publish(aio_pika.Message(b"not mine"), "registry.unit-registered")


ATTEMPTS: dict[str, Callable[[AbstractQueue], Awaitable[object]]] = {
    "read": lambda queue: queue.get(timeout=10),
    "consume": lambda queue: queue.consume(ignore),
    "empty": lambda queue: queue.purge(),
    "delete": lambda queue: queue.delete(if_unused=False, if_empty=False),
}


async def ignore(message: AbstractIncomingMessage) -> None:
    await message.ack()


@pytest.mark.parametrize("attempt", ATTEMPTS)
async def test_another_services_queue_is_out_of_reach(stack: Stack, attempt: str) -> None:
    owner = await aio_pika.connect(stack.site.amqp_url("audit"))
    stranger = await aio_pika.connect(stack.site.amqp_url("notify"))
    async with owner, stranger:
        queue = await (await owner.channel()).declare_queue("audit.rights", exclusive=False, auto_delete=True)
        seen = await (await stranger.channel()).get_queue(queue.name, ensure=False)
        with pytest.raises(ChannelAccessRefused):
            await ATTEMPTS[attempt](seen)
        await queue.delete(if_unused=False, if_empty=False)


async def test_a_service_declares_queues_under_its_own_name_only(stack: Stack) -> None:
    connection = await aio_pika.connect(stack.site.amqp_url("notify"))
    async with connection:
        with pytest.raises(ChannelAccessRefused):
            await (await connection.channel()).declare_queue("audit.rights-too")


async def test_the_broker_has_no_default_user(stack: Stack) -> None:
    with pytest.raises(ProbableAuthenticationError):
        await aio_pika.connect(f"amqp://guest:guest@127.0.0.1:{stack.ports.of('rabbitmq')}/")


@pytest.mark.parametrize("part", [*SERVERS, "epmd"])
def test_a_taken_port_is_named(fresh: Stack, part: str) -> None:
    port = fresh.ports.of(part)
    named = f"port {port}, meant for {part}, is taken by another program"
    with socket.create_server(("127.0.0.1", port)), pytest.raises(PortTaken, match=named):
        fresh.up()


def test_every_port_is_looked_at_before_anything_is_started(tmp_path: Path) -> None:
    whole = Stack(tmp_path / "data", free_base())
    with (
        socket.create_server(("127.0.0.1", whole.ports.of("audit"))),
        pytest.raises(PortTaken, match="meant for audit"),
    ):
        whole.up()
    assert whole.running() == []
    assert not (whole.folder.path / "running.json").exists()


def test_a_part_that_does_not_come_up_shows_its_last_words(fresh: Stack) -> None:
    fresh.up()
    fresh.down()
    (fresh.folder.path / "store" / "data" / "WiredTiger.turtle").write_text("nonsense")
    with pytest.raises(
        StackError, match=r"(?s)store did not come up: its process has ended.*WiredTigerError"
    ):
        fresh.start("store")


def test_what_a_stack_keeps_is_its_owners_alone(stack: Stack) -> None:
    folder = stack.folder
    stack.up()
    assert mode(folder.path) == 0o700
    assert mode(folder.secrets) == 0o600
    assert mode(folder.stack_file) == 0o600
    assert mode(folder.path / "rabbitmq" / "definitions.json") == 0o600
    assert not [path for path in (folder.path / "store").rglob("*") if mode(path) & 0o077]


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear")
    tmp_path.chmod(0o755)
    with pytest.raises(StackError, match="holds something else"):
        Stack(tmp_path, free_base(), SERVERS).up()
    assert mode(tmp_path) == 0o755
    assert [path.name for path in tmp_path.iterdir()] == ["letter"]


def test_stack_json_says_how_everything_is_reached(stack: Stack) -> None:
    stack.up()
    said = json.loads(stack.folder.stack_file.read_text())
    base = stack.ports.base
    assert said["services"] == {
        "registry": f"http://127.0.0.1:{base + 1}",
        "dispatch": f"http://127.0.0.1:{base + 2}",
        "notify": f"http://127.0.0.1:{base + 3}",
        "audit": f"http://127.0.0.1:{base + 4}",
    }
    assert set(said) == {"services", "amqp_url", "mongo_url", "pids", "admin"}
    assert set(said["pids"]) == set(SERVERS)
    assert set(said["admin"]) == {"client_id", "client_secret"}
    operator: MongoClient[dict[str, object]] = MongoClient(said["mongo_url"])
    with operator:
        assert operator["linli_audit"].command("ping")["ok"] == 1


def test_servers_that_exist_already_are_used_as_given(stack: Stack, tmp_path: Path) -> None:
    amqp, mongo = stack.site.amqp_url(), stack.site.mongo_url()
    guest = Stack(tmp_path / "data", free_base(), SERVERS, amqp_url=amqp, mongo_url=mongo)
    described = guest.up()
    assert described.pids == {}
    assert guest.environment("notify")["LINLI_AMQP_URL"] == amqp
    assert guest.environment("notify")["LINLI_MONGO_URL"] == mongo


def test_a_process_id_that_was_given_to_somebody_else_is_not_ours() -> None:
    mine = os.getpid()
    assert not Process(pid=mine, started="another boot/1").running()
    assert Process(pid=mine, started="another boot/1").end(grace=0)


SETTINGS: dict[str, type[Settings]] = {
    "registry": RegistrySettings,
    "dispatch": Settings,
    "notify": NotifySettings,
    "audit": Settings,
}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_given_what_it_asks_for(stack: Stack, service: str) -> None:
    fields = SETTINGS[service].model_fields
    given = set(stack.environment(service))
    assert given <= {f"LINLI_{name.upper()}" for name in fields}
    assert given >= {f"LINLI_{name.upper()}" for name, field in fields.items() if field.is_required()}


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_a_service_sees_its_own_settings_and_little_else(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINLI_TESTS_ONLY", "1")
    monkeypatch.setenv("SOMEBODYS_TOKEN", "secret")
    pid = stack.start("registry").pids["registry"]
    try:
        lines = Path(f"/proc/{pid}/environ").read_text().split("\0")
        seen = dict(line.split("=", 1) for line in lines if line)
        settings = {name: value for name, value in seen.items() if name.startswith("LINLI_")}
        assert settings == stack.environment("registry")
        assert "SOMEBODYS_TOKEN" not in seen
        others = [stack.site.credentials.services[name] for name in SERVICES if name != "registry"]
        assert not [
            one for one in others if one.store in settings.values() or one.broker in settings.values()
        ]
        assert os.getsid(pid) == pid
    finally:
        stack.stop("registry")
    assert not alive(pid)


def test_a_stack_of_before_there_were_accounts_gets_a_password_for_them(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    made = json.loads(keep_credentials(path).model_dump_json())
    made.pop("accounts")
    path.write_text(json.dumps(made))
    first = keep_credentials(path)
    assert first.accounts
    assert first.model_dump(exclude={"accounts"}) == made
    assert keep_credentials(path) == first
    assert mode(path) == 0o600


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"accounts": 1}'])
def test_damaged_secrets_are_not_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(text)
    with pytest.raises(StackError, match="damaged"):
        keep_credentials(path)
    assert path.read_text() == text


def test_an_administrator_of_the_broker_is_said_to_notify_alone(stack: Stack) -> None:
    secret = stack.site.credentials.accounts
    told = {name for name in SERVICES if any(secret in value for value in stack.environment(name).values())}
    assert told == {"notify"}
