"""The amqp channel and the accounts behind it, on a broker."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aiormq.exceptions import AMQPConnectionError, AMQPError, ChannelAccessRefused
from pydantic import SecretStr
from yarl import URL

from deploy.stack import Stack, ephemeral
from services.notify.channels.amqp import Amqp
from services.notify.channels.channel import Parcel, Target
from shared.kernel.canonical import decode_object, encode
from shared.runtime.broker import EXCHANGE
from shared.runtime.broker_accounts import (
    AccountsFailed,
    BrokerAccounts,
    queue_of,
    user_of,
)
from shared.runtime.partner_queue import PartnerQueues
from tests.support.waiting import until

NOW = datetime(2026, 11, 24, 3, 29, 28, tzinfo=UTC)
DATA = {"community": "shaba", "name": "邻里", "slots": [1, 2]}
DOCS = Path(__file__).parents[2] / "docs" / "amqp.md"
PASSWORD = "/of the unit: 邻里"


def body(number: int = 1) -> bytes:
    return encode({"specversion": "1.0", "type": "request-created", "unitsequence": number, "data": DATA})


def parcel(number: int = 1) -> Parcel:
    return Parcel(f"msg-{number}", [body(number)])


class Account:
    """An endpoint's queue and user."""

    def __init__(self) -> None:
        endpoint = f"endpoint-{uuid4()}"
        self.queue, self.user = queue_of(endpoint), user_of(endpoint)
        self.target = Target(endpoint, "unit-1", self.queue)

    async def connect(self, servers: Stack, password: str = PASSWORD) -> aio_pika.abc.AbstractConnection:
        return await aio_pika.connect(
            host="127.0.0.1",
            port=servers.ports.of("rabbitmq"),
            login=self.user,
            password=password,
            virtualhost="partners",
        )

    async def read(self, servers: Stack, count: int = 1) -> list[AbstractIncomingMessage]:
        """The first messages, as the unit reads and acknowledges them."""
        async with await self.connect(servers) as connection:
            channel = await connection.channel()
            queue = await channel.get_queue(self.queue, ensure=False)
            found = []
            async with asyncio.timeout(15), queue.iterator() as messages:
                async for message in messages:
                    await message.ack()
                    found.append(message)
                    if len(found) == count:
                        break
            return found


def accounts_on(servers: Stack, length: int = 1000) -> BrokerAccounts:
    url = servers.site.accounts_url()
    assert url
    return BrokerAccounts(SecretStr(url), length)


@pytest.fixture
def accounts(servers: Stack) -> BrokerAccounts:
    return accounts_on(servers)


@pytest.fixture
async def account(accounts: BrokerAccounts) -> AsyncIterator[Account]:
    """An account that is there."""
    found = Account()
    await accounts.ensure(found.queue, found.user, PASSWORD)
    yield found
    await accounts.remove(found.queue, found.user)


@pytest.fixture
async def channel(servers: Stack) -> AsyncIterator[Amqp]:
    """The channel, as notify on this broker has it."""
    queues = PartnerQueues(SecretStr(servers.site.amqp_url("notify")), "notify")
    yield Amqp(queues)
    await queues.close()


async def test_a_unit_reads_what_it_is_told_from_its_own_queue(
    servers: Stack, channel: Amqp, account: Account
) -> None:
    assert (await channel.send(account.target, parcel(), NOW)).accepted
    [message] = await account.read(servers)
    assert message.body == body()
    assert message.content_type == "application/cloudevents+json"
    assert (message.message_id, message.type) == ("msg-1", "request-created")
    assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    assert message.timestamp == NOW


async def test_it_may_have_the_bare_data(servers: Stack, channel: Amqp, account: Account) -> None:
    target = Target(account.target.endpoint, "unit-1", account.queue, format="data")
    assert (await channel.send(target, parcel(), NOW)).accepted
    [message] = await account.read(servers)
    assert decode_object(message.body) == DATA
    assert (message.content_type, message.type) == ("application/json", "request-created")


async def test_the_reader_in_the_docs_reads_it(servers: Stack, channel: Amqp, account: Account) -> None:
    found = re.search(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    port = servers.ports.of("rabbitmq")
    url = URL.build(
        scheme="amqp", user=account.user, password=PASSWORD, host="127.0.0.1", port=port, path="/partners"
    )
    reader = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", found[1]),
        env={**os.environ, "QUEUE_URL": str(url), "QUEUE": account.queue},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert reader.stdout
        for number in (1, 2):
            assert (await channel.send(account.target, parcel(number), NOW)).accepted
            async with asyncio.timeout(15):
                assert decode_object(await reader.stdout.readline()) == decode_object(body(number))
    finally:
        reader.kill()
        await reader.wait()


async def test_many_at_once_all_arrive(servers: Stack, channel: Amqp, account: Account) -> None:
    sent = (channel.send(account.target, parcel(number), NOW) for number in range(200))
    assert all(answer.accepted for answer in await asyncio.gather(*sent))
    found = await account.read(servers, 200)
    assert sorted(str(message.message_id) for message in found) == sorted(f"msg-{n}" for n in range(200))


Attempt = Callable[[AbstractChannel, str, str], Awaitable[None]]
"""Something done on a channel by the owner of a queue, who knows the name of another."""


async def declares(channel: AbstractChannel, own: str, other: str) -> None:
    await channel.declare_queue(f"{own}.more", durable=True)


async def deletes(channel: AbstractChannel, own: str, other: str) -> None:
    await channel.queue_delete(own)


async def makes_an_exchange(channel: AbstractChannel, own: str, other: str) -> None:
    await channel.declare_exchange("partner.mine")


async def publishes_to_itself(channel: AbstractChannel, own: str, other: str) -> None:
    await channel.default_exchange.publish(aio_pika.Message(b"forged"), own)


async def publishes_to_another(channel: AbstractChannel, own: str, other: str) -> None:
    await channel.default_exchange.publish(aio_pika.Message(b"forged"), other)


async def publishes_to_an_exchange(channel: AbstractChannel, own: str, other: str) -> None:
    exchange = await channel.get_exchange("amq.topic", ensure=False)
    await exchange.publish(aio_pika.Message(b"forged"), "dispatch.request-created")


async def binds(channel: AbstractChannel, own: str, other: str) -> None:
    queue = await channel.get_queue(own, ensure=False)
    await queue.bind("amq.topic", "#")


async def consumes_anothers(channel: AbstractChannel, own: str, other: str) -> None:
    queue = await channel.get_queue(other, ensure=False)
    await queue.consume(AbstractIncomingMessage.ack)


async def gets_anothers(channel: AbstractChannel, own: str, other: str) -> None:
    queue = await channel.get_queue(other, ensure=False)
    await queue.get()


async def purges_anothers(channel: AbstractChannel, own: str, other: str) -> None:
    queue = await channel.get_queue(other, ensure=False)
    await queue.purge()


@pytest.mark.parametrize(
    "attempt",
    [
        declares,
        deletes,
        makes_an_exchange,
        publishes_to_itself,
        publishes_to_another,
        publishes_to_an_exchange,
        binds,
        consumes_anothers,
        gets_anothers,
        purges_anothers,
    ],
)
async def test_a_unit_may_only_read_its_own_queue(
    servers: Stack, accounts: BrokerAccounts, account: Account, attempt: Attempt
) -> None:
    other = Account()
    await accounts.ensure(other.queue, other.user, PASSWORD)
    async with await account.connect(servers) as connection:
        with pytest.raises(ChannelAccessRefused):
            await attempt(await connection.channel(), account.queue, other.queue)
    await accounts.remove(other.queue, other.user)


async def test_a_unit_does_not_get_to_where_the_services_are(servers: Stack, account: Account) -> None:
    with pytest.raises(AMQPError):
        await aio_pika.connect(
            host="127.0.0.1",
            port=servers.ports.of("rabbitmq"),
            login=account.user,
            password=PASSWORD,
            virtualhost="/",
        )


async def test_a_unit_does_not_get_to_the_http_api(servers: Stack, account: Account) -> None:
    port = servers.ports.of("rabbitmq-accounts")
    url = URL.build(scheme="http", user=account.user, password=PASSWORD, host="127.0.0.1", port=port)
    with pytest.raises(AccountsFailed, match="401"):
        await BrokerAccounts(SecretStr(str(url))).remove(account.queue, account.user)


async def test_notify_itself_writes_to_queues_of_units_and_makes_none(servers: Stack) -> None:
    connection = await aio_pika.connect(servers.site.amqp_url("notify") + "partners")
    async with connection:
        for attempt in (declares, binds, consumes_anothers):
            with pytest.raises(ChannelAccessRefused):
                await attempt(await connection.channel(), "partner.a.v1", "partner.b.v1")


async def test_who_makes_accounts_gets_to_nothing_of_the_services(servers: Stack) -> None:
    url = servers.site.amqp_url().replace("operator", "notify-accounts")
    own = url.replace(servers.site.credentials.operator.broker, servers.site.credentials.accounts)
    with pytest.raises(AMQPError):
        await aio_pika.connect(own)
    async with await aio_pika.connect(f"{own}partners") as connection:
        for attempt in (publishes_to_another, consumes_anothers):
            with pytest.raises(ChannelAccessRefused):
                await attempt(await connection.channel(), EXCHANGE, "partner.a.v1")


async def test_twice_is_once_and_changes_the_password(
    servers: Stack, accounts: BrokerAccounts, channel: Amqp, account: Account
) -> None:
    await channel.send(account.target, parcel(), NOW)
    await accounts.ensure(account.queue, account.user, "another")
    await accounts.ensure(account.queue, account.user, PASSWORD)
    assert [message.message_id for message in await account.read(servers)] == ["msg-1"]
    with pytest.raises(AMQPConnectionError):
        await account.connect(servers, "another")


async def test_one_that_was_removed_is_refused_and_its_connection_ends(
    servers: Stack, accounts: BrokerAccounts, channel: Amqp, account: Account
) -> None:
    connection = await account.connect(servers)
    await accounts.remove(account.queue, account.user)
    await until(lambda: not connection.connected.is_set())
    with pytest.raises(AMQPConnectionError):
        await account.connect(servers)
    answer = await channel.send(account.target, parcel(), NOW)
    assert (answer.accepted, answer.status, answer.reason) == (False, None, "no-queue")
    await accounts.remove(account.queue, account.user)


async def test_a_half_removed_account_is_whole_again(
    servers: Stack, accounts: BrokerAccounts, channel: Amqp
) -> None:
    one, other = Account(), Account()
    await accounts.ensure(one.queue, one.user, PASSWORD)
    await accounts.ensure(other.queue, other.user, PASSWORD)
    await accounts.remove(one.queue, other.user)  # each has lost a half
    for account in (one, other):
        await accounts.ensure(account.queue, account.user, PASSWORD)
        assert (await channel.send(account.target, parcel(), NOW)).accepted
        assert len(await account.read(servers)) == 1
        await accounts.remove(account.queue, account.user)


@pytest.mark.parametrize("name", ["operator", "notify.events", "partner.a/../../users/operator", "partner."])
async def test_no_other_name_is_touched(accounts: BrokerAccounts, account: Account, name: str) -> None:
    for names in ((account.queue, name), (name, account.user)):
        with pytest.raises(ValueError, match="not the name"):
            await accounts.ensure(*names, PASSWORD)
        with pytest.raises(ValueError, match="not the name"):
            await accounts.remove(*names)


async def test_a_full_queue_takes_no_more_and_loses_nothing(servers: Stack, channel: Amqp) -> None:
    accounts, account = accounts_on(servers, length=3), Account()
    await accounts.ensure(account.queue, account.user, PASSWORD)
    taken = 0
    while (answer := await channel.send(account.target, parcel(taken), NOW)).accepted:
        taken += 1
        assert taken < 100
    assert (answer.status, answer.reason) == (None, "queue-full")
    found = await account.read(servers, taken)
    assert [message.message_id for message in found] == [f"msg-{number}" for number in range(taken)]

    async def is_taken() -> bool:
        return (await channel.send(account.target, parcel(), NOW)).accepted

    await until(is_taken)
    await accounts.remove(account.queue, account.user)


async def test_the_broker_may_be_away_or_hang_between_two() -> None:
    with ephemeral(("rabbitmq",)) as servers:
        accounts, account = accounts_on(servers), Account()
        await accounts.ensure(account.queue, account.user, PASSWORD)
        queues = PartnerQueues(SecretStr(servers.site.amqp_url("notify")), "notify")
        channel = Amqp(queues)
        assert (await channel.send(account.target, parcel(1), NOW)).accepted
        await asyncio.to_thread(servers.stop, "rabbitmq")
        away = await asyncio.gather(*(channel.send(account.target, parcel(2), NOW) for _ in range(5)))
        assert {(answer.status, answer.reason) for answer in away} == {(None, "broker")}
        with pytest.raises(AccountsFailed):
            await accounts.ensure(account.queue, account.user, PASSWORD)
        started = await asyncio.to_thread(servers.start, "rabbitmq")

        async def is_taken() -> bool:
            return (await channel.send(account.target, parcel(3), NOW)).accepted

        await until(is_taken)
        found = await account.read(servers, 2)
        assert [message.message_id for message in found] == ["msg-1", "msg-3"]

        os.kill(started.pids["rabbitmq"], signal.SIGSTOP)
        try:
            hung = await asyncio.gather(*(channel.send(account.target, parcel(4), NOW) for _ in range(5)))
        finally:
            os.kill(started.pids["rabbitmq"], signal.SIGCONT)
        assert {(answer.status, answer.reason) for answer in hung} == {(None, "broker")}
        await until(is_taken)
        await queues.close()
