"""Which volunteers a service lets in: by what it has heard, whatever comes twice or late."""

from __future__ import annotations

import base64
import os
import time
from typing import cast

import pytest

from services.registry.signing import Grant, signers_of
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent, encoded, parse
from shared.kernel.times import format_time
from shared.runtime.claims import TokenFault, read_claims
from shared.runtime.http.problems import Problem
from shared.runtime.key_table import ISSUER, KeyTable
from shared.runtime.log import placed
from shared.runtime.mongo import Database
from shared.runtime.principal import Principal
from tests.runtime.test_agreements import NOW, UNIT, over, signed
from tests.support.drafts import draft

MEI, BO = "volunteer-mei", "volunteer-bo"


def said(type: str, version: int, stream: str = MEI, **data: Json) -> CloudEvent:
    """An event of registry as it is heard."""
    commit = placed(draft((stream, version), type=type, data=data), 1, format_time(NOW))
    return parse(encoded("registry", commit)[0])


SUSPENDED, RESUMED = said("volunteer-suspended", 2), said("volunteer-resumed", 3)


async def lets_in(database: Database, *events: CloudEvent) -> bool:
    """Whether a service that has heard `events` lets Mei in, as it does after a restart as well."""
    table = KeyTable(database)
    for event in events:
        await table.reactions()[event.type](event)
    restarted = KeyTable(database)
    await restarted.load()
    found = table.volunteers.may_come_in(MEI)
    assert restarted.volunteers.may_come_in(MEI) == found
    assert restarted.volunteers.may_come_in(BO)
    assert not restarted.revoked
    return found


async def test_who_is_suspended_is_out_until_resumed_and_out_again(database: Database) -> None:
    assert await lets_in(database)
    assert not await lets_in(database, SUSPENDED)
    assert await lets_in(database, RESUMED)
    assert await lets_in(database, SUSPENDED, RESUMED, SUSPENDED)
    assert not await lets_in(database, said("volunteer-suspended", 4))


async def test_a_resumption_that_comes_first_counts_all_the_same(database: Database) -> None:
    assert await lets_in(database, RESUMED, SUSPENDED)


@pytest.mark.parametrize(
    "event",
    [
        said("volunteer-left", 2),
        said("volunteer-erased", 2),
        said("records-merged", 2, into=BO),
    ],
)
async def test_who_is_gone_does_not_come_back(database: Database, event: CloudEvent) -> None:
    assert not await lets_in(database, event, RESUMED, SUSPENDED)


async def test_who_stays_in_a_merge_and_what_is_another_kind_of_thing_are_left(database: Database) -> None:
    of_units = said("records-merged", 2, "unit-1", into="unit-2")
    assert await lets_in(database, said("records-merged", 2, absorbed=BO), of_units)


async def test_another_replica_hears_of_it_and_of_the_end_of_it(database: Database) -> None:
    one, other = KeyTable(database), KeyTable(database)
    for event, expected in ((SUSPENDED, False), (RESUMED, True)):
        await one.reactions()[event.type](event)
        await other.load()
        assert other.volunteers.may_come_in(MEI) is expected


async def test_a_token_is_good_while_its_unit_and_its_volunteer_take_part(database: Database) -> None:
    [signer] = signers_of(base64.b64encode(os.urandom(32)).decode()).values()
    table = KeyTable(database)
    await table.add_key(signer.kid, signer.x)
    await table.reactions()["agreement-signed"](signed())
    scopes = frozenset({"dispatch:read"})
    grant = Grant("client-1", "client-1", "volunteer", scopes, ("shaba",), UNIT, volunteer=MEI)
    token, _ = signer.token(grant, ISSUER)
    principal = await table.verify(token)
    assert (principal.unit, principal.volunteer) == (UNIT, MEI)
    for event, code in (
        (SUSPENDED, "volunteer-not-active"),
        (RESUMED, None),
        (over(), "no-agreement-in-force"),
    ):
        await table.reactions()[event.type](event)
        refused = table.refusal(principal.unit, principal.volunteer)
        assert (refused and refused.code) == code
    with pytest.raises(Problem) as problem:
        await table.verify(token)
    assert problem.value.status == 403
    assert await table.knows(token)


@pytest.mark.parametrize(
    ("role", "unit", "volunteer"),
    [
        ("volunteer", None, None),
        ("volunteer", UNIT, None),
        ("volunteer", None, MEI),
        ("volunteer", UNIT, 7),
        ("unit", UNIT, MEI),
        ("dispatcher", None, MEI),
    ],
)
def test_a_token_that_names_a_volunteer_is_a_volunteers_and_no_other(
    role: str, unit: str | None, volunteer: object
) -> None:
    [signer] = signers_of(base64.b64encode(os.urandom(32)).decode()).values()
    scopes, named = frozenset({"dispatch:read"}), cast(str | None, volunteer)
    grant = Grant("client-1", "client-1", role, scopes, ("shaba",), unit, volunteer=named)
    token, _ = signer.token(grant, ISSUER)
    with pytest.raises(TokenFault):
        read_claims(token, {signer.kid: signer.key}, ISSUER, int(time.time()))


def test_a_volunteer_sees_nothing_by_its_unit_and_its_own_work() -> None:
    units = frozenset({"shaba"})
    staff = Principal("c", "dispatcher", frozenset(), units)
    unit = Principal("c", "unit", frozenset(), units, UNIT)
    mei = Principal("c", "volunteer", frozenset(), units, UNIT, volunteer=MEI)
    assert [who.sees((UNIT,)) for who in (staff, unit, mei)] == [True, True, False]
    assert [who.sees_work(MEI, UNIT) for who in (staff, unit, mei)] == [True, True, True]
    assert [who.sees_work(BO, UNIT) for who in (staff, unit, mei)] == [True, True, False]
    assert [who.sees_work(BO, "unit-2") for who in (staff, unit, mei)] == [True, False, False]
