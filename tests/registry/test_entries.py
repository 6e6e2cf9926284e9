"""The read model says what the log says, however often it comes, and a page reads little of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import monitoring

from services.registry.entries import BUCKET
from services.registry.views import Asked, Records, number_of
from shared.events.registry import (
    ClientRegistered,
    ClientRevoked,
    GridAmended,
    GridDefined,
    GridRetired,
    Name,
    RecordAssured,
    RecordsMerged,
    RecordStale,
    ResidentErased,
    ResidentRegistered,
    Tier,
    UnitAmended,
    UnitRegistered,
    UnitRetired,
    VolunteerRegistered,
)
from shared.kernel.event import Event
from shared.runtime.http.problems import Problem
from shared.runtime.mongo import Client, Database
from tests.support.entering import BEGUN, Told, shuffled

SHABA = frozenset({"shaba"})
OF_ONE = {"community": "shaba", "units": ("unit-1",)}


def unit(name: str, kind: str = "firm", community: str = "shaba") -> UnitRegistered:
    return UnitRegistered(community=community, name=name, kind=kind, details="f" * 64)


def resident(grid: str, tier: Tier = "general", community: str = "shaba") -> ResidentRegistered:
    return ResidentRegistered(community=community, grid=grid, tier=tier, details="e" * 64)


GRID = GridDefined(community="shaba", grid="g-1", name=Name(zh="一", en="One"))
HISTORY: tuple[tuple[str, Event], ...] = (
    ("unit-1", unit("东川医院")),
    ("grid-g-1", GRID),
    ("unit-2", unit("东川小学", "school")),
    ("unit-1", UnitAmended(**OF_ONE, name="东川总医院", kind="health")),
    ("client-1", ClientRegistered(community="shaba", role="auditor", communities=("shaba",), details="-")),
    ("unit-3", unit("东川医院")),
    ("unit-1", RecordStale(community="shaba", keeper="unit-1", since=BEGUN)),
    ("unit-3", RecordsMerged(community="shaba", into="unit-1")),
    ("unit-1", RecordsMerged(community="shaba", absorbed="unit-3")),
    ("grid-g-1", GridAmended(community="shaba", name=Name(zh="二", en="Two"))),
    ("unit-2", RecordStale(community="shaba", keeper="unit-2", since=BEGUN)),
    ("unit-2", RecordAssured(community="shaba", at=BEGUN)),
    ("resident-1", resident("g-1")),
    ("resident-1", ResidentErased(community="shaba")),
    ("unit-4", unit("西川", community="kunming")),
    ("client-1", ClientRevoked(community="shaba")),
    ("grid-g-1", GridRetired(community="shaba", reason="replaced")),
)
KINDS = {"unit-1": "unit", "unit-2": "unit", "unit-3": "unit", "unit-4": "unit"}
KINDS |= {"grid-g-1": "grid", "client-1": "client", "resident-1": "resident"}


@pytest.fixture
async def records(database: Database) -> Records:
    found = Records(database)
    await found.open()
    return found


async def ids(records: Records, asked: Asked, limit: int = 50) -> list[str]:
    """The ids of a list, over all pages."""
    found: list[str] = []
    after: str | None = None
    while True:
        items, after = await records.page(asked, number_of(after), limit)
        assert len(items) <= limit
        found += [str(item["id"]) for item in items]
        if after is None:
            return found


async def everything(records: Records) -> dict[str, object]:
    """All that the model can say."""
    shown = {id: await records.get(kind, id, SHABA) for id, kind in KINDS.items()}
    lists = {kind: await ids(records, Asked(kind, SHABA)) for kind in sorted(set(KINDS.values()))}
    stale = await ids(records, Asked("unit", SHABA, stale=True))
    return {"shown": shown, "lists": lists, "stale": stale}


async def test_the_model_says_what_the_log_says(records: Records) -> None:
    await records.follow(Told().history(*HISTORY))
    said = await everything(records)
    assert said["lists"] == {"client": [], "grid": [], "resident": [], "unit": ["unit-1", "unit-2"]}
    assert said["stale"] == ["unit-1"]
    assert await records.get("resident", "resident-1", SHABA) is None
    assert await records.get("client", "client-1", SHABA) is None
    assert await records.get("unit", "unit-4", SHABA) is None
    assert await records.get("grid", "unit-1", SHABA) is None
    amended = {"id": "unit-1", "community": "shaba", "name": "东川总医院", "kind": "health", "stale": True}
    assert await records.get("unit", "unit-1", SHABA) == (
        {**amended, "assured_at": "2026-01-01T00:04:00.000Z"},
        4,
    )
    confirmed = await records.get("unit", "unit-2", SHABA)
    assert confirmed is not None
    assert (confirmed[0]["assured_at"], confirmed[0]["stale"]) == ("2026-01-01T00:00:00.000Z", False)
    lost, retired = await records.get("unit", "unit-3", SHABA), await records.get("grid", "grid-g-1", SHABA)
    assert lost is not None
    assert retired is not None
    assert (lost[0]["merged_into"], retired[0]["ended"]) == ("unit-1", "replaced")
    assert retired[0]["name"] == {"zh": "二", "en": "Two"}


async def test_a_log_that_is_told_twice_says_the_same(records: Records) -> None:
    told = Told().history(*HISTORY)
    await records.follow(told)
    first = await everything(records)
    for events in shuffled(told):
        await records.follow(events)
        assert await everything(records) == first


async def test_two_replicas_that_follow_at_once_say_the_same(database: Database, records: Records) -> None:
    told, other = Told().history(*HISTORY), Records(database)
    one_by_one = [[event] for event in told]
    for mine, theirs in zip(one_by_one, [told, *one_by_one[1:]], strict=True):
        await asyncio.gather(records.follow(mine), other.follow(theirs))
    found = await database["entries"].find({}).to_list(None)
    versions = {entry["_id"]: entry["version"] for entry in found}
    assert versions == {event.stream: event.version for event in told}
    assert (await everything(records))["lists"] == {
        **{"client": [], "grid": [], "resident": []},
        "unit": ["unit-1", "unit-2"],
    }


async def test_names_that_are_written_otherwise_are_the_same(records: Records) -> None:
    await records.follow(Told().history(*HISTORY, ("unit-5", unit("东川 小学!"))))
    assert await records.named("unit", "shaba", "东川小学") == ("unit-2", "unit-5")
    assert await records.named("unit", "shaba", "东川医院") == ()  # renamed, and merged
    assert await records.named("unit", "kunming", "东川小学") == ()
    assert await records.named("unit", "shaba", "***") == ()


async def test_a_cursor_of_another_making_is_refused() -> None:
    for text in ("", "-1", "1e3", "000000000184.0000", "9" * 13):
        with pytest.raises(Problem) as refused:
            number_of(text)
        assert refused.value.code == "invalid-cursor"


class Reads(monitoring.CommandListener):
    """What was asked of the store."""

    def __init__(self) -> None:
        self.finds: list[dict[str, Any]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in ("find", "getMore", "aggregate", "count"):
            self.finds.append(dict(event.command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """It counts either way."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """It counts either way."""


SIZES = (300, 6000)
GRIDS = 12


async def filled(records: Records, size: int) -> None:
    """So many residents in so many grids, and a volunteer and a `high` tier here and there."""
    told = Told()
    for start in range(0, size, 100):
        batch: list[tuple[str, Event]] = []
        for number in range(start, start + 100):
            tier: Tier = "high" if number % (size // 3) == 0 else "general"
            batch.append((f"resident-{number}", resident(f"g-{number % GRIDS}", tier)))
        await records.follow(told.say(*batch))
    volunteer = VolunteerRegistered(
        community="shaba", unit="unit-1", team="residents", skills=("first-aid",), details="-"
    )
    await records.follow(told.say(("volunteer-1", volunteer)))


async def cost(store_url: str, database: Database, asked: Asked, after: int = 0) -> tuple[int, int, int]:
    """Of a page of 50: calls of the store; entries that its index leads to, wanted or not; items."""
    reads = Reads()
    client: Client = AsyncIOMotorClient(store_url, event_listeners=[reads])
    items, _ = await Records(client[database.name]).page(asked, after, 50)
    client.close()
    terms = [found["filter"]["terms"] for found in reads.finds if "terms" in found.get("filter", {})]
    read = [await database["entries"].count_documents({"terms": each}) for each in terms]
    assert len(terms) == len(reads.finds) - 1  # and one look at the last number
    return len(reads.finds), sum(read), len(items)


async def test_a_page_costs_as_much_among_many_as_among_few(
    database: Database, store_url: str, records: Records
) -> None:
    costs: list[list[tuple[int, int, int]]] = []
    pages = (
        (Asked("resident", SHABA), 0),
        (Asked("resident", SHABA), 120),
        (Asked("resident", SHABA, {"grid": "g-3"}), 0),
        (Asked("resident", SHABA, {"tier": "high"}), 0),
        (Asked("resident", SHABA, {"grid": "g-0", "tier": "high"}), 0),
        (Asked("volunteer", SHABA, {"skills": "first-aid"}), 0),
        (Asked("resident", frozenset({"kunming"})), 0),
    )
    for size in SIZES:
        for name in ("entries", "numbers"):
            await database[name].drop()
        await records.open()
        await filled(records, size)
        costs.append([await cost(store_url, database, *page) for page in pages])
    for few, many in zip(*costs, strict=True):
        assert many[0] <= max(few[0], 6), (few, many)
        assert many[1] <= max(3 * few[1], 3 * BUCKET), (few, many)
    assert [items for _, _, items in costs[1]] == [50, 50, 50, 3, 1, 1, 0]


async def test_pages_of_any_size_have_everything_once_and_in_order(records: Records) -> None:
    await filled(records, 300)
    expected = [f"resident-{number}" for number in range(300)]
    for limit in (1, 7, 100, 101, 500):
        assert await ids(records, Asked("resident", SHABA), limit) == expected
    of_grid = [id for number, id in enumerate(expected) if number % GRIDS == 5]
    assert await ids(records, Asked("resident", SHABA, {"grid": "g-5"}), 4) == of_grid


async def test_what_has_ended_leaves_a_list_and_costs_no_page(records: Records) -> None:
    told = Told()
    for number in range(250):
        await records.follow(told.say((f"unit-{number}", unit(f"单位 {number}"))))
    retired = [
        (f"unit-{number}", UnitRetired(**OF_ONE, reason="left")) for number in range(250) if number % 50
    ]
    await records.follow(told.say(*retired))
    assert await ids(records, Asked("unit", SHABA), 2) == [f"unit-{number}" for number in range(0, 250, 50)]
    assert await ids(records, Asked("unit", SHABA, {"kind": "firm"}, q="单位 10"), 2) == ["unit-100"]
