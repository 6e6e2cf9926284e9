"""A new signing key without one refusal, failures that are held up, secrets that are nowhere.

On a stack of its own, whose tokens live for seconds.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from joserfc import jws

from deploy.stack import Stack, ephemeral
from services.registry.secrets import hashed, new_secret
from shared.kernel.times import format_time
from shared.runtime.http.problems import Problem
from shared.runtime.http.rate import FailureLimit, address_of
from tests.faults.test_erasure import found_in
from tests.support.client import Client, Reply, access_token
from tests.support.community import Community, community
from tests.support.everyday import sent
from tests.support.waiting import until

LOADED = ("registry", "dispatch", "audit")
PARTS = ("rabbitmq", "store", "registry", "dispatch", "notify", "audit")


@pytest.fixture(scope="module")
def quick_stack() -> Iterator[Stack]:
    """Tokens of ten seconds, keys that sign after three, and ten failures a minute."""
    quick = {"LINLI_TOKEN_SECONDS": "10", "LINLI_KEY_SETTLE_SECONDS": "3"}
    with ephemeral(PARTS, {"registry": quick}) as stack:
        yield stack


@pytest.fixture
async def quick(quick_stack: Stack) -> AsyncIterator[Community]:
    async with community(quick_stack.up()) as clients:
        yield clients


def kid_of(token: str) -> str:
    return str(jws.extract_compact(token.encode()).headers()["kid"])


async def kids(quick: Community) -> set[str]:
    keys = (await Client(quick.stack.services["registry"], quick.session).get("/.well-known/jwks.json")).body
    return {str(key["kid"]) for key in keys["keys"]}


async def admin_token(quick: Community) -> str:
    admin = quick.stack.admin
    registry = quick.stack.services["registry"]
    return await access_token(quick.session, registry, admin.client_id, admin.client_secret)


class Load:
    """Callers who get a token and use it everywhere, again and again."""

    def __init__(self, quick: Community) -> None:
        self._quick = quick
        self.signed_by: set[str] = set()
        self.refused: list[Any] = []
        self.calls = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            token = await admin_token(self._quick)
            self.signed_by.add(kid_of(token))
            for service in LOADED:
                caller = Client(self._quick.stack.services[service], self._quick.session, token)
                reply = await caller.get("/v1/events", limit="1")
                self.calls += 1
                if reply.status != 200:
                    self.refused.append((service, reply.status, reply.body))


async def test_a_new_key_under_load_and_not_one_call_refused(quick: Community) -> None:
    [before] = await kids(quick)
    load = Load(quick)
    workers = [asyncio.create_task(load.run()) for _ in range(4)]
    try:
        await until(lambda: load.calls > 20)
        registry = Client(quick.stack.services["registry"], quick.session, await admin_token(quick))
        rotated = await registry.post("/v1/keys/rotate", Idempotency_Key="rotate-1")
        assert rotated.status == 200, rotated.body
        again = await registry.post("/v1/keys/rotate", Idempotency_Key="rotate-1")
        assert again.body == rotated.body
        after = str(rotated.body["kid"])
        assert kid_of(await admin_token(quick)) == before, "it signs before every service can know it"

        async def both_are_known() -> bool:
            return await kids(quick) == {before, after}

        await until(both_are_known, 3)
        await until(lambda: load.signed_by == {before, after}, 20)

        async def only_the_new_is_left() -> bool:
            return await kids(quick) == {after}

        await until(only_the_new_is_left, 60)
        done = load.calls
        await until(lambda: load.calls > done + 20)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    assert load.refused == []


async def test_a_retired_key_signs_nothing_after_a_restart_either(
    quick: Community, quick_stack: Stack
) -> None:
    [current] = await kids(quick)
    content = json.loads((quick_stack.folder.sub("keys") / "registry.json").read_text())
    assert len(content["signing"].split()) == 1
    await asyncio.to_thread(quick_stack.stop, "registry")
    await asyncio.to_thread(quick_stack.start, "registry")
    assert await kids(quick) == {current}
    assert kid_of(await admin_token(quick)) == current


async def test_a_secret_or_token_is_in_no_log_event_database_or_message(
    quick: Community, quick_stack: Stack
) -> None:
    """Rightly used, wrongly used, and in the wrong place; what is looked for is found where it may be."""
    admin = Client(quick.stack.services["registry"], quick.session, await admin_token(quick))
    client = await admin.post("/v1/clients", {"name": "x", "role": "auditor"})
    rotated = await admin.post(f"{client.headers['location']}/secrets", {})
    body = {"name": "x", "scopes": ["registry:read"], "expires_at": _tomorrow()}
    made = await admin.post("/v1/tokens", body)
    assert made.status == 201, made.body
    id, personal = str(made.body["id"]), str(made.body["token"])
    secrets = [personal, *(str(reply.body["client_secret"]) for reply in (client, rotated))]
    replies = [await ask(quick, str(client.body["id"]), secret) for secret in secrets]
    replies += [await ask(quick, id, secret) for secret in secrets]
    access = [str(reply.body["access_token"]) for reply in replies if reply.status == 200]
    assert len(access) == 3
    nobody = Client(quick.stack.services["registry"], quick.session)
    wrong = [reply for reply in replies if reply.status != 200]
    for secret in secrets:
        own = {"client_id": id, "client_secret": secret}
        wrong.append(await sent(nobody, "/oauth/revoke", token=f"{secret}x", **own))
        wrong.append(await sent(admin, "/oauth/introspect", token=secret))
        wrong.append(await Client(nobody.base, quick.session, secret).get("/v1/units"))
        wrong.append(await admin.post("/v1/tokens", {**body, "scopes": [secret], "name": 7}))
        wrong.append(await admin.post(f"/v1/tokens/{secret}/revoke"))
    assert not [reply for reply in wrong for secret in secrets if secret.encode() in reply.raw]
    folder = quick_stack.folder.path
    words = [part for secret in secrets for part in (secret, secret[6:-6], hashed(secret))]
    words += [part for token in access for part in (token, token.rpartition(".")[2])]
    assert await asyncio.to_thread(found_in, folder, *words) == []
    assert await asyncio.to_thread(found_in, folder / "store", id), "the search sees nothing at all"
    seed = json.loads((folder / "keys" / "registry.json").read_text())["signing"]
    hits = await asyncio.to_thread(found_in, folder, seed)
    assert {hit.partition(":")[0] for hit in hits} == {"registry.json"}


async def metric(client: Client, reason: str) -> float:
    text = (await client.get("/metrics")).raw.decode()
    found = re.search(rf'linli_access_refused_total{{reason="{reason}"}} (\S+)', text)
    return float(found[1]) if found else 0.0


async def ask(quick: Community, client: str, secret: str) -> Reply:
    fields = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    nobody = Client(quick.stack.services["registry"], quick.session)
    return await sent(nobody, "/oauth/token", **fields)


def lines(stack: Stack, service: str, code: str) -> list[dict[str, Any]]:
    text = Path(stack.folder.log(service)).read_text()
    read = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in read if line.get("code") == code]


async def test_bad_tokens_are_held_up_after_ten_and_good_ones_never(
    quick: Community, quick_stack: Stack
) -> None:
    dispatch = quick.stack.services["dispatch"]
    # From an address that no other test has failed from.
    connector = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
    async with aiohttp.ClientSession(connector=connector) as session:
        bad = Client(dispatch, session, "x.y.z")
        before = await metric(bad, "token-invalid")
        replies = [await bad.get("/v1/events") for _ in range(12)]
        assert [reply.status for reply in replies] == [401] * 10 + [429] * 2
        assert replies[-1].body["code"] == "too-many-failures"
        assert 0 < int(replies[-1].headers["retry-after"]) <= 60
        good = Client(dispatch, session, await admin_token(quick))
        assert (await good.get("/v1/events")).status == 200
        assert await metric(bad, "token-invalid") - before == 10
        assert await metric(bad, "too-many-failures") >= 2
    await until(lambda: len(lines(quick_stack, "dispatch", "token-invalid")) >= 10)


async def test_who_is_shut_out_by_an_agreements_end_is_told_so_however_often(quick: Community) -> None:
    registry = quick.admin["registry"]
    made = (await registry.post("/v1/units/unit-culture-station/clients", {"name": "x"})).body
    base, dispatch = registry.base, quick.stack.services["dispatch"]
    secret = str(made["client_id"]), str(made["client_secret"])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=("127.0.0.3", 0))) as session:
        unit = Client(dispatch, session, await access_token(session, base, *secret))
        assert (await unit.get("/v1/requests")).status == 200
        path = "/v1/agreements/agreement-culture-station/end"
        admin = Client(base, session, await admin_token(quick))
        assert (await admin.post(path, {"reason": "closed"})).status == 200

        async def shut_out() -> bool:
            reply = await unit.get("/v1/requests")
            return reply.status == 403 and str(reply.body["code"]) == "no-agreement-in-force"

        await until(shut_out, 5)
        assert [(await unit.get("/v1/requests")).status for _ in range(12)] == [403] * 12


async def test_ten_wrong_secrets_hold_up_who_is_not_known_here_and_not_who_is(
    quick: Community, quick_stack: Stack
) -> None:
    admin = quick.stack.admin
    registry = Client(quick.stack.services["registry"], quick.session, await admin_token(quick))
    made = await registry.post("/v1/clients", {"name": "x", "role": "auditor"})
    victim, secret = str(made.body["client_id"]), str(made.body["client_secret"])
    wrong = [await ask(quick, victim, new_secret()) for _ in range(11)]
    # The tests before have used up some of what this address may fail.
    assert (wrong[0].status, wrong[-1].status) == (401, 429)
    held = await ask(quick, victim, secret)
    assert (held.status, held.body["code"]) == (429, "too-many-failures")
    assert 0 < int(held.headers["retry-after"]) <= 60
    # The services and the administrator got their tokens here before: others' failures are not theirs.
    assert (await ask(quick, admin.client_id, admin.client_secret)).status == 200
    own = [await ask(quick, admin.client_id, "wrong") for _ in range(11)]
    assert [reply.status for reply in own] == [401] * 10 + [429]
    assert (await ask(quick, admin.client_id, admin.client_secret)).status == 429
    assert await metric(registry, "secret-wrong") >= 20
    await until(
        lambda: victim in {line.get("client") for line in lines(quick_stack, "registry", "secret-wrong")}
    )


def _tomorrow() -> str:
    return format_time(datetime.now(UTC) + timedelta(days=1))


def test_failures_are_counted_for_each_key_and_forgotten_after_a_minute() -> None:
    now = [0.0]
    limit = FailureLimit(quota=2, window=60, clock=lambda: now[0])
    limit.failed("a", "b")
    limit.failed("a")
    limit.check("b", "c")
    with pytest.raises(Problem) as problem:
        limit.check("c", "a")
    assert (problem.value.status, problem.value.headers["Retry-After"]) == (429, "60")
    now[0] = 59.5
    with pytest.raises(Problem) as problem:
        limit.check("a")
    assert problem.value.headers["Retry-After"] == "1"
    now[0] = 60.0
    limit.check("a")
    limit.failed("a")
    limit.check("a")


def test_an_ipv6_network_is_one_caller() -> None:
    one, other = ({"client": (f"2001:db8:0:1::{n}", 1)} for n in (1, 2))
    assert address_of(one) == address_of(other) != address_of({"client": ("2001:db8:0:2::1", 1)})
    assert address_of({"client": ("192.0.2.7", 1)}) == "192.0.2.7"
    assert address_of({"client": None}) == ""
