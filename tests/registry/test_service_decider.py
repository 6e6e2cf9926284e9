"""Services of the catalogue: published, amended by what changed, withdrawn once."""

from __future__ import annotations

from datetime import UTC, datetime

from services.registry.domain.record import RECORD, Amend, Assure, End, GoStale
from shared.events.registry import Name, RecordStale, ServiceAmended, ServicePublished, ServiceWithdrawn
from tests.support.given import given

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
SERVICE = ServicePublished(
    community="shaba",
    units=("unit-1",),
    name=Name(zh="理发", en="Haircut"),
    category="volunteering",
    lead_unit="unit-1",
    supporting_units=(),
    response_minutes=60,
    working_hours="always",
    skills=("cutting",),
    enters_home=True,
)
FASTER = ServiceAmended(community="shaba", units=("unit-1",), response_minutes=30)
TRAINED = ServiceAmended(community="shaba", units=("unit-1",), training=("hygiene",))
WITHDRAWN = ServiceWithdrawn(community="shaba", units=("unit-1",), reason="replaced")


def test_only_what_changed_is_said() -> None:
    asked = FASTER.model_copy(update={"skills": ("cutting",), "public": True, "supporting_units": ()})
    given(RECORD, SERVICE).when(Amend(asked)).then(FASTER)
    given(RECORD, SERVICE, FASTER).when(Amend(asked)).then_nothing()


def test_skills_can_become_none_and_training_be_taken_away() -> None:
    none = ServiceAmended(community="shaba", units=("unit-1",), skills=())
    given(RECORD, SERVICE).when(Amend(none)).then(none)
    untrained = ServiceAmended(community="shaba", units=("unit-1",), cleared=("training",))
    given(RECORD, SERVICE).when(Amend(untrained)).then_nothing()
    given(RECORD, SERVICE, TRAINED).when(Amend(untrained)).then(untrained)


def test_a_service_is_withdrawn_once_and_changes_no_more() -> None:
    given(RECORD).when(End(WITHDRAWN)).refused("not-found")
    given(RECORD, SERVICE).when(End(WITHDRAWN)).then(WITHDRAWN)
    given(RECORD, SERVICE, WITHDRAWN).when(End(WITHDRAWN)).then_nothing()
    given(RECORD, SERVICE, WITHDRAWN).when(Amend(FASTER)).refused("record-ended")
    given(RECORD, SERVICE, WITHDRAWN).when(Assure(NOON)).refused("record-ended")


def test_a_stale_service_is_fresh_when_it_is_amended() -> None:
    stale = RecordStale(community="shaba", keeper="community-shaba", since=NOON)
    given(RECORD, SERVICE, FASTER).when(GoStale("service-1", NOON)).then(stale)
    given(RECORD, SERVICE, stale, FASTER).when(GoStale("service-1", NOON)).then(stale)
