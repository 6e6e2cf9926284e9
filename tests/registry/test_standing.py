"""Where a volunteer stands is judged when it is read, the same however often the log is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.registry.entries import Entry, condition, has
from services.registry.standing import judged, state_of, trained
from services.registry.views import Asked, Records
from shared.events.registry import (
    RecordsMerged,
    Training,
    TrainingRecorded,
    TrainingRevoked,
    VolunteerActivated,
    VolunteerRegistered,
    VolunteerSuspended,
)
from shared.kernel.canonical import Json
from shared.kernel.event import Event
from shared.runtime.mongo import Database
from tests.support.entering import Told, shuffled

SHABA = frozenset({"shaba"})
NOW = "2026-11-24T08:00:00.000Z"
OURS = {"community": "shaba", "units": ("unit-1",)}
TOMORROW = datetime.now(UTC) + timedelta(days=1)
SAFETY = Training(course="home-safety", completed_on="2026-05-20", expires_at=TOMORROW)
AID = Training(course="first-aid", completed_on="2025-03-01")
OVER = Training(course="lifting", completed_on="2020-03-01", expires_at=datetime(2022, 3, 1, tzinfo=UTC))


def volunteer(**more: object) -> VolunteerRegistered:
    said = {**OURS, "unit": "unit-1", "team": "residents", "skills": ("nursing",), "details": "d" * 64}
    return VolunteerRegistered.model_validate({**said, **more})


HISTORY: tuple[tuple[str, Event], ...] = (
    ("volunteer-1", volunteer(invited=True, languages=("yi", "zh"))),
    ("volunteer-2", volunteer(languages=("zh",))),
    ("volunteer-3", volunteer(suspended="away")),
    ("volunteer-4", volunteer()),
    ("volunteer-5", volunteer(trainings=(SAFETY,))),
    ("volunteer-1", VolunteerActivated(**OURS, cleared=("invited",))),
    ("volunteer-1", TrainingRecorded(**OURS, course="lifting", trainings=(SAFETY, OVER))),
    ("volunteer-2", TrainingRecorded(**OURS, course="first-aid", trainings=(AID, SAFETY))),
    ("volunteer-2", TrainingRevoked(**OURS, course="home-safety", trainings=(AID,))),
    ("volunteer-4", VolunteerSuspended(**OURS, suspended="under-review")),
    ("volunteer-5", RecordsMerged(community="shaba", into="volunteer-1")),
)


@pytest.mark.parametrize(
    ("facts", "ended", "state"),
    [
        ({}, False, "active"),
        ({"suspended": "away"}, False, "suspended"),
        ({"invited": True}, False, "invited"),
        ({"invited": True, "suspended": "away"}, False, "invited"),
        ({"invited": True}, True, "left"),
        ({"suspended": "away"}, True, "left"),
    ],
)
def test_a_state_follows_from_the_facts(facts: dict[str, Json], ended: bool, state: str) -> None:
    assert state_of(facts, ended) == state


def test_a_training_counts_until_it_expires_and_not_at_that_moment() -> None:
    ends: Json = {"course": "x", "completed_on": "2026-01-01", "expires_at": NOW}
    facts: dict[str, Json] = {"trainings": [ends, {"course": "y", "completed_on": "2026-01-01"}]}
    entry: Entry = {"facts": facts, "trained": trained(facts)}
    for now, valid in (("2026-11-24T07:59:59.999Z", True), (NOW, False)):
        shown = judged(facts, now)["trainings"]
        assert isinstance(shown, list)
        assert [each["valid"] for each in shown if isinstance(each, dict)] == [valid, True]
        assert (has(entry, "training", "x", now), has(entry, "training", "y", now)) == (valid, True)
    assert condition("training", "x", NOW) == ("trained.x", {"$gt": NOW})
    assert not has(entry, "training", "z", NOW)
    assert judged({"id": "volunteer-1"}, NOW) == {"id": "volunteer-1"}


async def test_lists_say_the_same_however_often_the_log_is_told(database: Database) -> None:
    records = Records(database)
    await records.open()
    told = Told().history(*HISTORY)
    for events in [told, *shuffled(told)]:
        await records.follow(events)
        for only, expected in (
            ({}, "1234"),
            ({"state": "active"}, "12"),
            ({"state": "suspended"}, "34"),
            ({"state": "invited"}, ""),
            ({"training": "home-safety"}, "1"),
            ({"training": "first-aid"}, "2"),
            ({"training": "lifting"}, ""),
            ({"languages": "zh"}, "12"),
            ({"languages": "zh", "training": "first-aid", "state": "active"}, "2"),
            ({"unit": "unit-1", "skills": "nursing", "languages": "yi"}, "1"),
            ({"unit": "unit-1", "state": "suspended"}, "34"),
        ):
            items, _ = await records.page(Asked("volunteer", SHABA, only), 0, 50)
            found = "".join(str(item["id"])[-1] for item in items)
            assert found == expected, only
    one = await records.get("volunteer", "volunteer-1", SHABA)
    gone = await records.get("volunteer", "volunteer-5", SHABA)
    assert one is not None
    assert gone is not None
    assert (one[0]["state"], "invited" in one[0], "course" in one[0]) == ("active", False, False)
    assert (gone[0]["state"], gone[0]["merged_into"]) == ("left", "volunteer-1")
