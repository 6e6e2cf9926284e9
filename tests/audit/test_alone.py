"""audit by itself: no broker, no other service, and a source that it has stopped."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from services.audit.app import build
from services.registry.domain.roles import SCOPES
from services.registry.signing import Grant, signers_of
from shared.kernel.canonical import decode_object, encode
from shared.kernel.cloudevent import CloudEvent, parse
from shared.runtime.access import KeyTable
from shared.runtime.follower import SourceStopped
from shared.runtime.mongo import Database
from shared.runtime.settings import Settings
from tests.support.auditing import archive, origins
from tests.support.client import Client
from tests.support.waiting import until

NOBODY = "http://127.0.0.1:9"


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The application on a free port of this process; its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


@asynccontextmanager
async def auditor(store_url: str, database: Database, folder: Path) -> AsyncIterator[Client]:
    """A client of an audit that runs on `database`, whose token is signed by a key that it was told of."""
    settings = Settings(
        mongo_url=SecretStr(store_url),
        mongo_db=database.name,
        amqp_url=SecretStr("amqp://audit:none@127.0.0.1:9/"),
        port=1,
        key_file=folder / "keys.json",
        client_secret=SecretStr("none"),
        registry_url=NOBODY,
        dispatch_url=NOBODY,
        notify_url=NOBODY,
        audit_url=NOBODY,
    )
    [signer] = signers_of(base64.b64encode(bytes(range(32))).decode()).values()
    await KeyTable(database).add_key(signer.kid, signer.x)
    who = ("client-auditor", "client-auditor", "auditor")
    token, _ = signer.token(Grant(*who, SCOPES["auditor"], ("shaba",)), NOBODY)
    async with served(build(settings)) as base, aiohttp.ClientSession() as session:
        client = Client(base, session, token)

        async def opened() -> bool:
            return (await client.get("/v1/sources")).status == 200

        await until(opened)
        yield client


def with_other_id(event: CloudEvent) -> CloudEvent:
    return parse(encode({**decode_object(event.raw), "id": "another"}))


async def test_audit_records_itself_while_all_others_are_away(
    store_url: str, database: Database, tmp_path: Path
) -> None:
    async with auditor(store_url, database, tmp_path) as client:
        assert (await client.get("/v1/entries")).body == {"items": [], "next": None}
        verified = await client.post("/v1/verify")
        assert verified.body["intact"] is True
        after = {"Linli-After": verified.headers["linli-position"]}
        entries = (await client.call("GET", "/v1/entries", headers=after)).body["items"]
        assert [entry["event"]["type"] for entry in entries] == ["log-read", "log-verified"]
        assert entries[0]["event"]["authid"] == "client-auditor"
        dependencies = (await client.get("/readyz")).body["dependencies"]
        assert dependencies["broker"] == "down"
        assert dependencies["events:dispatch"] == "behind"


async def test_a_forked_source_is_told_everywhere(store_url: str, database: Database, tmp_path: Path) -> None:
    async with archive(database) as a, origins(database, "dispatch") as (dispatch,):
        said = await dispatch.speak(1, 1)
        await a.recorder.record(said)
        with pytest.raises(SourceStopped):
            await a.recorder.record([with_other_id(said[1])])
    async with auditor(store_url, database, tmp_path) as client:
        sources = {item["source"]: item for item in (await client.get("/v1/sources")).body["items"]}
        assert [name for name, item in sources.items() if item["forked"]] == ["dispatch"]
        assert sources["dispatch"]["stopped"] == "forked"
        assert sources["dispatch"]["fork"] == {
            "sequence": "000000000002.0000",
            "recorded_event": said[1].id,
            "other_event": "another",
        }
        assert (await client.get("/readyz")).body["dependencies"]["events:dispatch"] == "forked"
        metrics = (await client.get("/metrics")).raw.decode()
        assert 'linli_audit_source_stopped{reason="forked",source="dispatch"} 1.0' in metrics

        async def fork_is_recorded() -> bool:
            items = (await client.get("/v1/entries", type="source-forked")).body["items"]
            return [item["event"]["data"]["source"] for item in items] == ["dispatch"]

        await until(fork_is_recorded)
        assert (await client.post("/v1/verify")).body["intact"] is True


async def test_an_entry_that_cannot_be_read_is_said_to_be_damaged(
    store_url: str, database: Database, tmp_path: Path
) -> None:
    async with archive(database) as a, origins(database, "dispatch") as (dispatch,):
        await a.recorder.record(await dispatch.speak(1, 1, 1))
    await database["entries"].update_one({"seq": 1}, {"$set": {"leaf": b"{"}})
    async with auditor(store_url, database, tmp_path) as client:
        reply = await client.get("/v1/entries")
        assert (reply.status, reply.body["code"]) == (500, "log-damaged")
        verified = (await client.post("/v1/verify")).body
        assert (verified["intact"], verified["first_fault"]["seq"]) == (False, 1)
