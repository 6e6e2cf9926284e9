"""What a service has heard of keys and revocations: kept over restarts, shared, forgotten in time."""

from __future__ import annotations

import base64
import os
from datetime import UTC, datetime, timedelta

import pytest

from services.registry.signing import Grant, Signer, signers_of
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent, encoded, parse
from shared.kernel.times import format_time
from shared.runtime.http.problems import Problem
from shared.runtime.key_table import ISSUER, KeyTable
from shared.runtime.log import placed
from shared.runtime.mongo import Database
from tests.support.drafts import draft

GRANT = Grant("client-1", "client-1", "auditor", frozenset({"audit:read"}), ("shaba",))


def a_signer() -> Signer:
    [signer] = signers_of(base64.b64encode(os.urandom(32)).decode()).values()
    return signer


def said(type: str, stream: str, **data: Json) -> CloudEvent:
    """An event of registry as it is heard."""
    commit = placed(draft((stream, 1), type=type, data=data), 1, format_time(datetime.now(UTC)))
    return parse(encoded("registry", commit)[0])


async def hear(table: KeyTable, event: CloudEvent) -> None:
    await table.reactions()[event.type](event)


def published(signer: Signer) -> CloudEvent:
    return said("signing-key-published", f"key-{signer.kid}", kid=signer.kid, x=signer.x)


async def refusal(table: KeyTable, token: str) -> str | None:
    """The code by which `token` is refused; None if it is taken."""
    try:
        await table.verify(token)
    except Problem as problem:
        return problem.code
    return None


async def test_a_retired_key_is_taken_by_no_replica_and_does_not_come_back(database: Database) -> None:
    signer = a_signer()
    one, other = KeyTable(database), KeyTable(database)
    await hear(one, published(signer))
    token, _ = signer.token(GRANT, ISSUER)
    await other.load()
    assert [await refusal(table, token) for table in (one, other)] == [None, None]
    await hear(one, said("signing-key-retired", f"key-{signer.kid}", kid=signer.kid))
    assert await refusal(one, token) == "token-invalid"
    await other.load()
    other.verified.clear()
    assert await refusal(other, token) == "token-invalid"
    await hear(one, published(signer))
    restarted = KeyTable(database)
    await restarted.load()
    for table in (one, restarted):
        assert signer.kid not in table.keys
        assert await refusal(table, token) == "token-invalid"


async def test_a_key_that_cannot_be_read_keeps_no_other_from_being_used(database: Database) -> None:
    signer, table = a_signer(), KeyTable(database)
    await hear(table, said("signing-key-published", "key-odd", kid="odd", x="eA"))
    await hear(table, published(signer))
    await table.load()
    assert await refusal(table, signer.token(GRANT, ISSUER)[0]) is None
    assert "odd" not in table.keys


async def test_a_revoked_token_is_remembered_until_it_would_have_expired(database: Database) -> None:
    signer, table = a_signer(), KeyTable(database)
    await hear(table, published(signer))
    token, _ = signer.token(GRANT, ISSUER)
    id = (await table.verify(token)).token
    later = format_time(datetime.now(UTC) + timedelta(minutes=10))
    await hear(table, said("access-token-revoked", f"jti-{id}", jti=id, expires_at=later))
    restarted = KeyTable(database)
    await restarted.load()
    assert [await refusal(one, token) for one in (table, restarted)] == ["token-revoked"] * 2
    with pytest.raises(Problem):
        await table.claims(token)
    over = format_time(datetime.now(UTC) - timedelta(minutes=1))
    await hear(table, said("access-token-revoked", "jti-old", jti="old", expires_at=over))
    await table.load()
    assert table.revoked == {id}
    assert await database["access"].count_documents({"_id": "token:old"}) == 0


async def test_what_is_of_a_revoked_client_or_personal_token_is_refused(database: Database) -> None:
    signer, table = a_signer(), KeyTable(database)
    await hear(table, published(signer))
    of_client, _ = signer.token(GRANT, ISSUER)
    personal = Grant("client-1", "token-1", "auditor", frozenset({"audit:read"}), ("shaba",))
    of_token, _ = signer.token(personal, ISSUER)
    assert [await refusal(table, token) for token in (of_client, of_token)] == [None, None]
    await hear(table, said("personal-token-revoked", "token-1"))
    assert [await refusal(table, token) for token in (of_client, of_token)] == [None, "token-revoked"]
    await hear(table, said("client-revoked", "client-1"))
    assert [await refusal(table, token) for token in (of_client, of_token)] == ["token-revoked"] * 2
