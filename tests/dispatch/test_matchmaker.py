"""What is known of the request, the resident and the volunteers comes together in one order."""

from __future__ import annotations

from services.dispatch.directory import Directory
from services.dispatch.domain.matching import choose
from services.dispatch.duties import Duties
from services.dispatch.matchmaker import Matchmaker
from services.dispatch.roster import Roster
from shared.events.dispatch import RequestCreated
from shared.events.registry import ResidentRegistered, VolunteerRegistered
from shared.folds.request import Assignment, Request
from shared.runtime.mongo import Database
from tests.support.entering import Told
from tests.support.story import NINE_TO_TEN, at

FOUR = [f"volunteer-{number}" for number in range(1, 5)]
CREATED = RequestCreated.model_validate(
    {
        "community": "shaba",
        "service": "service-1",
        "category": "volunteering",
        "grid": "shaba-03",
        "resident": "resident-1",
        "tier": "high",
        "channel": "telephone",
        "response_minutes": 30,
        "working_hours": "always",
        "skills": ("first-aid",),
        "training": (),
        "basis": "registry@1",
    }
)


async def matchmaker(database: Database) -> Matchmaker:
    """One who knows four volunteers that are alike, and a resident who speaks Yi as they do."""
    directory, roster = Directory(database), Roster(database)
    await roster.open()
    volunteer = VolunteerRegistered(
        community="shaba",
        unit="unit-1",
        team="residents",
        skills=("first-aid",),
        details="d" * 64,
        languages=("yi",),
    )
    resident = ResidentRegistered(
        community="shaba", grid="shaba-03", tier="high", details="e" * 64, languages=("yi",)
    )
    told = Told().history(*((id, volunteer) for id in FOUR), ("resident-1", resident))
    for event in told:
        for table in (directory.reactions(), roster.reactions()):
            if event.type in table:
                await table[event.type](event)
    return Matchmaker(directory, roster, Duties())


async def test_who_declined_or_was_asked_comes_behind_and_the_first_choice_before(database: Database) -> None:
    one, two, three, four = FOUR
    assignments = (
        Assignment("request-1.assignment-1", one, "unit-1", NINE_TO_TEN, "declined"),
        Assignment("request-1.assignment-2", two, "unit-1", NINE_TO_TEN, "offered"),
        Assignment("request-1.assignment-3", four, "unit-1", NINE_TO_TEN, "released"),
    )
    request = Request(status="triaged", created=CREATED, assignments=assignments, first_choice=four)
    ranked = await (await matchmaker(database)).ranked(request, NINE_TO_TEN, at("24T00:00"))
    assert [each.candidate.id for each in ranked] == [four, three, two, one]
    lacking = {each.candidate.id: [lack.code for lack in each.shortfalls] for each in ranked}
    assert lacking == {four: [], three: [], two: ["asked-before"], one: ["declined-before"]}
    assert choose(ranked) == ranked[0]


async def test_what_the_request_asks_for_is_wanted(database: Database) -> None:
    wanted = await (await matchmaker(database)).wanted(CREATED, NINE_TO_TEN)
    assert (wanted.skills, wanted.training, wanted.grid, wanted.tier) == (
        ("first-aid",),
        (),
        "shaba-03",
        "high",
    )
    assert wanted.languages == {"yi"}
    anonymous = CREATED.model_copy(update={"resident": None})
    ranked = await (await matchmaker(database)).ranked(
        Request(status="received", created=anonymous), NINE_TO_TEN, at("24T00:00")
    )
    assert [{reason.code for reason in each.reasons} for each in ranked] == [{"skills"}] * 4
