"""The people put on record: volunteers and residents, through the public API.

Some of them share a name and a grid: each is confirmed to be another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.demo.api import CONNECTIONS, Api, for_each
from deploy.demo.population import Person, VolunteerPerson
from deploy.demo.steps import Advance


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids that registry gave, in the order of the lists they were registered from."""

    volunteers: Sequence[str]
    residents: Sequence[str]


async def register_volunteers(
    admin: Api, people: Sequence[VolunteerPerson], advance: Advance
) -> Sequence[str]:
    """Put volunteers on record; their ids, in the same order."""
    ids = [""] * len(people)

    async def register(place: int) -> None:
        person = people[place]
        body = {
            "name": person.name,
            "unit": person.unit,
            "team": person.team,
            "skills": [*person.skills],
            "confirmed": True,
        }
        ids[place] = (await admin.post("registry", "/v1/volunteers", body)).text("id")
        advance()

    await for_each(range(len(people)), register, CONNECTIONS)
    return ids


async def register_residents(desk: Api, people: Sequence[Person], advance: Advance) -> Sequence[str]:
    """Put residents on record; their ids, in the same order."""
    ids = [""] * len(people)

    async def register(place: int) -> None:
        person = people[place]
        body = {
            "name": person.name,
            "phone": person.phone,
            "address": person.address,
            "grid": person.grid,
            "tier": person.tier,
            "flags": [*person.flags],
            "confirmed": True,
        }
        ids[place] = (await desk.post("registry", "/v1/residents", body)).text("id")
        advance()

    await for_each(range(len(people)), register, CONNECTIONS)
    return ids
