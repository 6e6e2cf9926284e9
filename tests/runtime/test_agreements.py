"""Whom a service lets in by the agreements that it has heard of: whatever comes twice, and by the clock."""

from __future__ import annotations

import base64
import os
from datetime import UTC, datetime, timedelta

from services.registry.signing import Grant, signers_of
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent, encoded, parse
from shared.kernel.times import format_time
from shared.runtime.http.problems import Problem
from shared.runtime.key_table import ISSUER, KeyTable
from shared.runtime.log import placed
from shared.runtime.mongo import Database
from tests.support.drafts import draft
from tests.support.waiting import until

UNIT = "unit-1"
NOW = datetime.now(UTC)
YESTERDAY, TOMORROW = NOW - timedelta(days=1), NOW + timedelta(days=1)
NEXT_YEAR = NOW + timedelta(days=365)


def said(type: str, stream: str, **data: Json) -> CloudEvent:
    """An event of registry as it is heard."""
    commit = placed(draft((stream, 1), type=type, data=data), 1, format_time(NOW))
    return parse(encoded("registry", commit)[0])


def signed(
    agreement: str = "agreement-1", starts: datetime = YESTERDAY, ends: datetime = TOMORROW
) -> CloudEvent:
    terms: dict[str, Json] = {
        "unit": UNIT,
        "services": ["service-a", "service-b"],
        "details_of": ["service-a"],
    }
    times: dict[str, Json] = {"starts_at": format_time(starts), "ends_at": format_time(ends)}
    return said("agreement-signed", agreement, **terms, **times)


def over(type: str = "agreement-ended", stream: str = "agreement-1") -> CloudEvent:
    return said(type, stream, unit=UNIT)


async def heard(database: Database, *events: CloudEvent) -> KeyTable:
    """A service that has heard `events`, as it is after a restart as well."""
    table = KeyTable(database)
    for event in events:
        await table.reactions()[event.type](event)
    restarted = KeyTable(database)
    await restarted.load()
    assert restarted.agreements.may_come_in(UNIT) == table.agreements.may_come_in(UNIT)
    return restarted


async def test_a_unit_comes_in_from_the_start_to_the_end_and_no_longer(database: Database) -> None:
    assert not (await heard(database)).agreements.may_come_in(UNIT)
    table = await heard(database, signed())
    assert table.agreements.may_come_in(UNIT)
    assert not table.agreements.may_come_in("unit-2")
    assert table.agreements.may_see_details(UNIT, "service-a")
    assert not table.agreements.may_see_details(UNIT, "service-b")
    await table.reactions()["agreement-ended"](over())
    assert not table.agreements.may_come_in(UNIT)
    assert not table.agreements.may_see_details(UNIT, "service-a")


async def test_neither_before_it_begins_nor_after_it_is_over(database: Database) -> None:
    assert not (await heard(database, signed("agreement-1", TOMORROW, NEXT_YEAR))).agreements.may_come_in(
        UNIT
    )
    past = signed("agreement-2", YESTERDAY - timedelta(days=9), YESTERDAY)
    assert not (await heard(database, past)).agreements.may_come_in(UNIT)


async def test_what_was_ended_stays_so_when_earlier_events_come_again(database: Database) -> None:
    renewed = said("agreement-renewed", "agreement-1", unit=UNIT, ends_at=format_time(NEXT_YEAR))
    events = [signed(ends=YESTERDAY + timedelta(seconds=1)), renewed]
    assert (await heard(database, *events)).agreements.may_come_in(UNIT)
    assert (await heard(database, *events, *events)).agreements.may_come_in(UNIT)
    assert not (await heard(database, *events, over(), *events)).agreements.may_come_in(UNIT)


async def test_another_agreement_goes_on_when_one_ends(database: Database) -> None:
    table = await heard(database, signed(), signed("agreement-2"), over())
    assert table.agreements.may_see_details(UNIT, "service-a")


async def test_a_unit_that_was_retired_or_merged_comes_in_by_no_agreement(database: Database) -> None:
    kept = said("records-merged", UNIT, absorbed="unit-2")
    of_another_kind = said("records-merged", "volunteer-1", into="volunteer-2")
    assert (await heard(database, signed(), kept, of_another_kind)).agreements.may_come_in(UNIT)
    merged = said("records-merged", UNIT, into="unit-2")
    assert not (await heard(database, signed(), merged)).agreements.may_come_in(UNIT)


async def test_a_token_is_refused_without_and_waits_a_moment_for_word_on_its_way(database: Database) -> None:
    [signer] = signers_of(base64.b64encode(os.urandom(32)).decode()).values()
    table = KeyTable(database)
    await table.add_key(signer.kid, signer.x)
    grant = Grant("client-1", "client-1", "unit", frozenset({"dispatch:read"}), ("shaba",), UNIT)
    token, _ = signer.token(grant, ISSUER)
    refused: list[str] = []

    async def verified() -> bool:
        try:
            return (await table.verify(token)).unit == UNIT
        except Problem as problem:
            refused.append(problem.code)
            return False

    assert not await verified()
    assert refused == ["no-agreement-in-force"]
    assert await table.knows(token)
    await table.reactions()["agreement-signed"](signed())
    await until(verified)
    await table.reactions()["agreement-expired"](over("agreement-expired"))
    assert not await verified()
