"""Who can be chosen is what registry says of volunteers, in whatever order it comes, on every replica."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest

from services.dispatch.directory import Directory
from services.dispatch.domain.eligibility import Candidate
from services.dispatch.roster import Roster
from shared.events.registry import (
    RecordsMerged,
    Training,
    TrainingRecorded,
    TrainingRevoked,
    VolunteerActivated,
    VolunteerAmended,
    VolunteerErased,
    VolunteerLeft,
    VolunteerRegistered,
    VolunteerResumed,
    VolunteerSuspended,
)
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.event import Event
from shared.runtime.mongo import Database
from tests.support.entering import Told

COURSE = Training(course="home-safety", completed_on="2026-01-05")
MEI = VolunteerRegistered(
    community="shaba", unit="unit-2", team="residents", skills=("first-aid",), details="d" * 64
)
AMENDED = VolunteerAmended(community="shaba", skills=("driving",), load_cap=3, cleared=("languages",))
TRAINED = TrainingRecorded(community="shaba", course="home-safety", trainings=(COURSE,))
REVOKED = TrainingRevoked(community="shaba", course="home-safety", trainings=())


@pytest.fixture
async def roster(database: Database) -> Roster:
    found = Roster(database)
    await found.open()
    return found


async def hears(roster: Roster | Directory, events: Sequence[CloudEvent]) -> None:
    reactions = roster.reactions()
    for event in events:
        await reactions[event.type](event)


async def only(roster: Roster) -> Candidate:
    (found,) = await roster.candidates("shaba")
    return found


async def test_amendments_and_trainings_count_in_whatever_order_they_come(database: Database) -> None:
    history = Told().history(*(("volunteer-1", event) for event in (MEI, AMENDED, TRAINED)))
    for order in permutations(history):
        await database["roster"].delete_many({})
        roster = Roster(database)
        await hears(roster, [*order, *order[::-1]])
        found = await only(roster)
        assert (found.id, found.unit, found.skills) == ("volunteer-1", "unit-2", frozenset({"driving"}))
        assert (found.load_cap, found.trainings) == (3, (COURSE,))


async def test_a_training_that_was_revoked_counts_no_longer(roster: Roster) -> None:
    told = Told()
    await hears(roster, told.history(("volunteer-1", MEI), ("volunteer-1", TRAINED)))
    assert (await only(roster)).trainings == (COURSE,)
    await hears(roster, told.say(("volunteer-1", REVOKED)))
    assert (await only(roster)).trainings == ()


@pytest.mark.parametrize(
    ("away", "back"),
    [
        (
            VolunteerSuspended(community="shaba", suspended="away"),
            VolunteerResumed(community="shaba", cleared=("suspended",)),
        ),
        (VolunteerLeft(community="shaba", reason="left"), None),
        (VolunteerErased(community="shaba"), None),
        (RecordsMerged(community="shaba", into="volunteer-2"), None),
    ],
)
async def test_who_cannot_be_placed_is_not_among_them(
    roster: Roster, away: Event, back: Event | None
) -> None:
    told = Told()
    await hears(roster, told.say(("volunteer-1", MEI)))
    assert (await only(roster)).id == "volunteer-1"
    await hears(roster, told.say(("volunteer-1", away)))
    assert len(await roster.candidates("shaba")) == 0
    if back is not None:
        await hears(roster, told.say(("volunteer-1", back)))
        assert (await only(roster)).id == "volunteer-1"


async def test_who_is_invited_is_among_them_once_active(roster: Roster) -> None:
    told = Told()
    await hears(roster, told.say(("volunteer-1", MEI.model_copy(update={"invited": True}))))
    assert len(await roster.candidates("shaba")) == 0
    activated = VolunteerActivated(community="shaba", cleared=("invited",))
    await hears(roster, told.say(("volunteer-1", activated)))
    assert (await only(roster)).id == "volunteer-1"


async def test_each_community_has_its_own_and_only_volunteers_are_learned(
    roster: Roster, database: Database
) -> None:
    elsewhere = MEI.model_copy(update={"community": "tangdan"})
    merged = RecordsMerged(community="shaba", into="unit-2")
    told = Told()
    await hears(roster, told.history(("volunteer-1", MEI), ("volunteer-2", elsewhere), ("unit-1", merged)))
    assert (await only(roster)).id == "volunteer-1"
    assert [each.id for each in await roster.candidates("tangdan")] == ["volunteer-2"]
    assert len(await roster.candidates("nowhere")) == 0
    assert await database["roster"].find_one({"_id": "unit-1"}) is None


async def test_what_another_replica_learns_is_known_soon(roster: Roster, database: Database) -> None:
    told, other = Told(), Roster(database, fresh_s=0.0)
    await other.open()
    for event, skills in ((MEI, {"first-aid"}), (AMENDED, {"driving"})):
        await hears(roster, told.say(("volunteer-1", event)))
        assert (await only(other)).skills == skills
    reopened = Roster(database)
    await reopened.open()
    assert (await only(reopened)).skills == {"driving"}


async def test_what_the_directory_had_learned_before_is_taken_over_once(database: Database) -> None:
    directory, told = Directory(database), Told()
    events = told.history(("volunteer-1", MEI), ("volunteer-1", AMENDED))
    await hears(directory, events)
    as_it_was = {
        "_id": "volunteer-old",
        "type": MEI.type,
        "data": MEI.model_dump(mode="json"),
        "ended": False,
    }
    await database["directory"].insert_one(as_it_was)
    for _ in range(2):
        roster = Roster(database)
        await roster.open()
        found = {each.id: each.skills for each in await roster.candidates("shaba")}
        assert found == {"volunteer-1": {"driving"}, "volunteer-old": {"first-aid"}}
    # From then on the roster follows by itself.
    await database["directory"].insert_one({**as_it_was, "_id": "volunteer-later"})
    again = Roster(database)
    await again.open()
    assert len(await again.candidates("shaba")) == 2
