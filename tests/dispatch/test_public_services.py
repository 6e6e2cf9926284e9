"""Which services anybody may ask for without a token, as registry's events say."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import pytest

from services.dispatch.api.open311 import jurisdiction
from services.dispatch.public_services import Catalogue, PublicServices
from shared.events.registry import (
    GridAmended,
    GridDefined,
    GridRetired,
    Name,
    ServiceAmended,
    ServicePublished,
    ServiceWithdrawn,
    UnitAmended,
    UnitRegistered,
)
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.event import Event
from shared.runtime.http.problems import Problem
from shared.runtime.mongo import Database
from tests.support.entering import Told

NAME = Name(zh="治安巡逻", en="Safety patrol")
WHOSE: Mapping[str, Any] = {"community": "shaba", "units": ("unit-police-station",)}


def published(**more: Any) -> ServicePublished:
    facts = {
        **WHOSE,
        **{"name": NAME, "category": "volunteering", "lead_unit": "unit-police-station"},
        **{"supporting_units": (), "response_minutes": 60, "working_hours": "always", "skills": ()},
        **{"enters_home": False, "public": True},
    }
    return ServicePublished(**{**facts, **more})


async def heard(table: PublicServices, *events: CloudEvent) -> None:
    for event in events:
        await table.reactions()[event.type](event)


@pytest.fixture
def table(database: Database) -> PublicServices:
    return PublicServices(database)


async def test_a_service_that_is_not_public_or_enters_a_home_is_not_there(table: PublicServices) -> None:
    told = Told()
    for stream, facts in (
        ("service-patrol", published()),
        ("service-meals", published(enters_home=True)),
        ("service-secret", published(public=False)),
    ):
        await heard(table, *told.say((stream, facts)))
    found = await table.catalogue()
    assert [*found.services] == ["service-patrol"]
    assert found.offers("shaba") == {"service-patrol": published()}
    assert found.offers("tangdan") == {}


LEAVING: tuple[Event, ...] = (
    ServiceAmended(**WHOSE, public=False),
    ServiceAmended(**WHOSE, enters_home=True),
    ServiceWithdrawn(**WHOSE, reason="replaced"),
)


@pytest.mark.parametrize("event", LEAVING, ids=("public", "enters-home", "withdrawn"))
async def test_one_that_is_no_more_to_be_had_goes_at_once(table: PublicServices, event: Event) -> None:
    told = Told()
    await heard(table, *told.say(("service-patrol", published())))
    assert (await table.catalogue()).offers("shaba")
    await heard(table, *told.say(("service-patrol", event)))
    found = await table.catalogue()
    assert found.offers("shaba") == {}
    # What was asked for goes on after a withdrawal, and whoever asked may follow it.
    assert found.readable("shaba") == ({"service-patrol"} if event == LEAVING[-1] else frozenset())


async def test_it_makes_no_difference_in_which_order_or_how_often_it_is_told(table: PublicServices) -> None:
    told = Told()
    renamed = Name(zh="夜巡", en="Night patrol")
    said = [
        *told.say(("service-patrol", published())),
        *told.say(("service-patrol", ServiceAmended(**WHOSE, name=renamed))),
        *told.say(("service-patrol", ServiceWithdrawn(**WHOSE, reason="replaced"))),
    ]
    for order in permutations(said):
        await table.database["public-services"].delete_many({})
        await heard(table, *order, *order[:1])
        found = await table.catalogue()
        assert found.services["service-patrol"].name == renamed
        assert found.offered == frozenset()
        assert found.changed == said[-1].recorded


async def test_grids_and_units_have_the_names_that_they_have_now(table: PublicServices) -> None:
    told = Told()
    for code in ("01", "02"):
        grid = GridDefined(community="shaba", grid=f"shaba-{code}", name=NAME)
        await heard(table, *told.say((f"grid-shaba-{code}", grid)))
    other = Name(zh="二", en="Two")
    unit = UnitRegistered(community="shaba", name="派出所", kind="police")
    for stream, event in (
        ("grid-shaba-02", GridAmended(community="shaba", name=other)),
        ("grid-shaba-01", GridRetired(community="shaba", reason="replaced")),
        ("unit-police-station", unit),
        ("unit-police-station", UnitAmended(**WHOSE, name="东川派出所")),
    ):
        await heard(table, *told.say((stream, event)))
    found = await table.catalogue()
    assert found.grids == {"shaba": {"shaba-02": other}}
    assert found.units == {"unit-police-station": "东川派出所"}


def test_a_jurisdiction_is_to_be_named_once_there_are_several() -> None:
    assert jurisdiction(Catalogue(), None) == ""
    one = Catalogue({"service-patrol": published()})
    assert jurisdiction(one, None) == jurisdiction(one, "shaba") == "shaba"
    several = Catalogue({"service-a": published(), "service-b": published(community="tangdan")})
    assert jurisdiction(several, "tangdan") == "tangdan"
    for catalogue, given, status in ((several, None, 400), (several, "moon", 404), (one, "moon", 404)):
        with pytest.raises(Problem) as refused:
            jurisdiction(catalogue, given)
        assert refused.value.status == status
