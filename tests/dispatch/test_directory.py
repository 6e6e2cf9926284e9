"""What dispatch knows of registry is the same, in whatever order and however often it is told."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest

from services.dispatch.directory import Directory
from shared.events.registry import (
    GridDefined,
    GridRetired,
    Name,
    RecordsMerged,
    ResidentErased,
    ResidentRegistered,
    ServiceAmended,
    ServicePublished,
    ServiceWithdrawn,
    UnitRegistered,
    UnitRetired,
    VolunteerActivated,
    VolunteerLeft,
    VolunteerRegistered,
    VolunteerResumed,
    VolunteerSuspended,
)
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.decider import Refused
from shared.runtime.mongo import Database
from tests.support.entering import Told

NAME = Name(zh="理发", en="Haircut")
SERVICE = ServicePublished(
    community="shaba",
    units=("unit-1", "unit-2"),
    name=NAME,
    category="volunteering",
    lead_unit="unit-1",
    supporting_units=("unit-2",),
    response_minutes=60,
    working_hours="always",
    skills=(),
    enters_home=False,
)


def amended(minutes: int, **said: str) -> ServiceAmended:
    return ServiceAmended(community="shaba", response_minutes=minutes, **said)


WITHDRAWN = ServiceWithdrawn(community="shaba", reason="replaced")


async def hears(directory: Directory, events: Sequence[CloudEvent]) -> None:
    reactions = directory.reactions()
    for event in events:
        await reactions[event.type](event)


async def refusal(directory: Directory, communities: Sequence[str] = ("shaba",)) -> str:
    with pytest.raises(Refused) as refused:
        await directory.service("service-1", communities)
    return refused.value.code


async def test_amendments_count_by_their_version_in_whatever_order_they_come(database: Database) -> None:
    said = (SERVICE, amended(30, lead_unit="unit-3"), amended(15))
    history = Told().history(*(("service-1", event) for event in said))
    for number, order in enumerate(permutations(history)):
        directory = Directory(database)
        await database["directory"].delete_many({})
        await hears(directory, [*order, *order[::-1]])
        found = await directory.service("service-1", ["shaba"])
        assert (found.response_minutes, found.lead_unit) == (15, "unit-3"), number
        assert await directory.units_of(found) == ("unit-3", "unit-2")


async def test_a_withdrawal_stays_whatever_comes_late(database: Database) -> None:
    directory = Directory(database)
    first, second, third = Told().history(
        ("service-1", SERVICE), ("service-1", amended(30)), ("service-1", WITHDRAWN)
    )
    await hears(directory, [third])
    assert await refusal(directory) == "unknown-service"
    await hears(directory, [second, first, second])
    assert await refusal(directory) == "service-withdrawn"
    # Another community is not told that there was one.
    assert await refusal(directory, ["kunming"]) == "unknown-service"


async def test_what_was_found_is_not_believed_after_a_change(database: Database) -> None:
    directory, told = Directory(database), Told()
    await hears(directory, told.say(("service-1", SERVICE)))
    assert (await directory.service("service-1", ["shaba"])).response_minutes == 60
    await hears(directory, told.say(("service-1", amended(30))))
    assert (await directory.service("service-1", ["shaba"])).response_minutes == 30


async def test_what_was_kept_before_there_were_amendments_is_still_known(database: Database) -> None:
    directory = Directory(database)
    data = SERVICE.model_dump(mode="json")
    kept = {"_id": "service-1", "type": SERVICE.type, "data": data, "ended": False}
    await database["directory"].insert_one(kept)
    assert await directory.service("service-1", ["shaba"]) == SERVICE
    told = Told({"service-1": 1})
    await hears(directory, told.say(("service-1", amended(30))))
    assert (await directory.service("service-1", ["shaba"])).response_minutes == 30
    await database["directory"].insert_one(
        {"_id": "grid-old", "type": GridDefined.type, "data": {"grid": "old"}, "ended": True}
        | {"data": GridDefined(community="shaba", grid="old", name=NAME).model_dump(mode="json")}
    )
    with pytest.raises(Refused, match="grid-retired"):
        await directory.require_grid("old", "shaba")


async def test_a_retired_grid_is_told_from_one_that_never_was(database: Database) -> None:
    directory = Directory(database)
    defined, retired = Told().history(
        ("grid-g-1", GridDefined(community="shaba", grid="g-1", name=NAME)),
        ("grid-g-1", GridRetired(community="shaba", reason="replaced")),
    )
    with pytest.raises(Refused, match="unknown-grid"):
        await directory.require_grid("g-1", "shaba")
    await hears(directory, [defined])
    await directory.require_grid("g-1", "shaba")
    await hears(directory, [retired, defined])
    with pytest.raises(Refused, match="grid-retired"):
        await directory.require_grid("g-1", "shaba")


async def test_units_that_left_are_none_of_a_services(database: Database) -> None:
    directory = Directory(database)
    registered, retired = Told().history(
        ("unit-2", UnitRegistered(community="shaba", name="x", kind="firm")),
        ("unit-2", UnitRetired(community="shaba", reason="left")),
    )
    await hears(directory, [registered])
    assert await directory.units_of(SERVICE) == ("unit-1", "unit-2")
    await hears(directory, [retired, registered])
    assert await directory.units_of(SERVICE) == ("unit-1",)


async def test_who_is_suspended_or_left_is_not_placed(database: Database) -> None:
    directory, told = Directory(database), Told()
    mei = VolunteerRegistered(community="shaba", unit="unit-2", team="residents", skills=(), details="d" * 64)
    await hears(directory, told.say(("volunteer-1", mei)))
    assert await directory.volunteer("volunteer-1", "shaba") == mei
    await hears(directory, told.say(("volunteer-1", VolunteerSuspended(community="shaba", suspended="away"))))
    with pytest.raises(Refused, match="volunteer-suspended"):
        await directory.volunteer("volunteer-1", "shaba")
    resumed = VolunteerResumed(community="shaba", cleared=("suspended",))
    await hears(directory, told.say(("volunteer-1", resumed)))
    assert (await directory.volunteer("volunteer-1", "shaba")).unit == "unit-2"
    await hears(directory, told.say(("volunteer-1", VolunteerLeft(community="shaba", reason="left"))))
    with pytest.raises(Refused, match="unknown-volunteer"):
        await directory.volunteer("volunteer-1", "shaba")


async def test_who_is_invited_is_placed_only_once_active(database: Database) -> None:
    directory, told = Directory(database), Told()
    mei = VolunteerRegistered(
        community="shaba", unit="unit-2", team="residents", skills=(), details="d" * 64, invited=True
    )
    await hears(directory, told.say(("volunteer-1", mei)))
    with pytest.raises(Refused, match="volunteer-not-active"):
        await directory.volunteer("volunteer-1", "shaba")
    activated = VolunteerActivated(community="shaba", cleared=("invited",))
    await hears(directory, told.say(("volunteer-1", activated)))
    assert (await directory.volunteer("volunteer-1", "shaba")).invited is None


async def test_who_was_on_record_twice_is_known_by_one_id_and_a_unit_by_both(database: Database) -> None:
    directory, told = Directory(database), Told()
    mei = VolunteerRegistered(community="shaba", unit="unit-2", team="residents", skills=(), details="d" * 64)
    wang = ResidentRegistered(community="shaba", grid="g-1", tier="high", details="e" * 64)
    unit = UnitRegistered(community="shaba", name="x", kind="firm")
    for id, facts in (("volunteer", mei), ("resident", wang), ("unit", unit)):
        into, absorbed = (
            RecordsMerged(community="shaba", into=f"{id}-1"),
            RecordsMerged(community="shaba", absorbed=f"{id}-2"),
        )
        await hears(directory, told.say((f"{id}-1", facts), (f"{id}-2", facts)))
        await hears(directory, told.say((f"{id}-2", into), (f"{id}-1", absorbed)))
    assert (
        await directory.volunteer("volunteer-1", "shaba"),
        await directory.resident("resident-1", "shaba"),
    ) == (mei, wang)
    with pytest.raises(Refused, match="unknown-volunteer"):
        await directory.volunteer("volunteer-2", "shaba")
    with pytest.raises(Refused, match="unknown-resident"):
        await directory.resident("resident-2", "shaba")
    assert await directory.units_of(SERVICE) == ("unit-1", "unit-2")


async def test_a_residents_languages_are_known_while_the_resident_is(database: Database) -> None:
    directory, told = Directory(database), Told()
    wang = ResidentRegistered(
        community="shaba", grid="g-1", tier="high", details="e" * 64, languages=("yi", "zh")
    )
    assert await directory.languages_of(None) == ()
    assert await directory.languages_of("resident-1") == ()
    await hears(directory, told.say(("resident-1", wang)))
    assert await directory.languages_of("resident-1") == ("yi", "zh")
    twin = wang.model_copy(update={"languages": ()})
    merged = RecordsMerged(community="shaba", into="resident-1")
    await hears(directory, told.history(("resident-2", twin), ("resident-2", merged)))
    assert await directory.languages_of("resident-2") == ("yi", "zh")
    await hears(directory, told.say(("resident-1", ResidentErased(community="shaba"))))
    assert await directory.languages_of("resident-1") == ()
