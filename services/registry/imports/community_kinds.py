"""Facilities, seats and agreements as tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError, model_validator

from services.registry.agreement_clock import AGREEMENTS
from services.registry.api.agreement_bodies import AgreementBody, SeatBody
from services.registry.api.agreements import UNKNOWN_SERVICE
from services.registry.api.bodies import NameBody, NewBody
from services.registry.api.facility_bodies import OpeningBody, RoomBody
from services.registry.api.facts import agreement_facts
from services.registry.api.places import UNKNOWN_GRID
from services.registry.api.seats import COMMITTEE, NO_SUCH_SEAT, seat_id
from services.registry.api.units import UNKNOWN_UNIT
from services.registry.domain.agreement import AGREEMENT, Command, Sign
from services.registry.domain.record import Register
from services.registry.domain.seat import SEAT, SEATS, Fill
from services.registry.imports.kind import Kind, Reference
from shared.events.registry import (
    AgreementDrafted,
    FacilityOpened,
    GridDefined,
    SeatFilled,
    ServicePublished,
    UnitRegistered,
)
from shared.kernel.canonical import Json
from shared.kernel.event import Event
from shared.kernel.times import Time
from shared.runtime.execute import Transaction
from shared.runtime.http.bodies import Code
from shared.runtime.http.shapes import Absent
from shared.runtime.ids import Id

_SPAN = re.compile(r"^([a-z]+) ([0-9:]{5})-([0-9:]{5})$")
_ROOM = "a room is code|zh|en|capacity|hours, its hours `monday 08:30-17:30` with commas between them"


def unit_reference(column: str, unit: str) -> Reference:
    """A unit that a row names."""
    return Reference(column, unit, UnitRegistered, "unknown-unit", UNKNOWN_UNIT)


def _room_of(text: str) -> RoomBody:
    parts = [part.strip() for part in text.split("|")]
    if len(parts) != 5 or not parts[3].isascii() or not parts[3].isdigit():
        raise ValueError(_ROOM)
    code, zh, en, capacity, hours = parts
    spans = [_SPAN.match(span.strip()) for span in hours.split(",") if span.strip()]
    try:
        opening = [
            OpeningBody.model_validate({"day": span[1], "opens": span[2], "closes": span[3]})
            for span in spans
            if span is not None
        ]
        name = NameBody(zh=zh, en=en)
        room = RoomBody(code=code, name=name, capacity=int(capacity), opening=opening)
    except ValidationError:
        raise ValueError(_ROOM) from None
    if len(opening) != len(spans):
        raise ValueError(_ROOM)
    return room


def _rooms(texts: list[str]) -> list[str]:
    codes = [_room_of(text).code for text in texts]
    if len(set(codes)) != len(codes):
        raise ValueError("two rooms have one code; each needs its own")
    return texts


class FacilityRow(NewBody):
    """A facility with its rooms."""

    name: NameBody
    kind: Code
    grid: Code
    rooms: Annotated[list[str], Field(max_length=100), AfterValidator(_rooms)] = Field(default_factory=list)
    keeper: Id | Absent = None


class SeatRow(SeatBody):
    """A seat, by its number, and who holds it."""

    number: int = Field(ge=1, le=50)

    @model_validator(mode="after")
    def _is_there(self) -> SeatRow:
        if self.number > SEATS[self.seat]:
            raise ValueError(NO_SUCH_SEAT)
        return self


class AgreementRow(AgreementBody):
    """An agreement, in force if it says when it was signed."""

    signed_at: Time | None = None


def _facility(body: FacilityRow, community: str, _: str | None) -> Event:
    rooms = tuple(_room_of(text).room() for text in body.rooms)
    name = body.name.name()
    return FacilityOpened(
        community=community, name=name, kind=body.kind, grid=body.grid, rooms=rooms, keeper=body.keeper
    )


def _flat_facility(facts: Mapping[str, Json]) -> Mapping[str, Json]:
    rooms: Any = facts.get("rooms", [])
    return {**facts, "rooms": [_room_said(room) for room in rooms]}


def _room_said(room: Mapping[str, Any]) -> str:
    hours = ", ".join(f"{span['day']} {span['opens']}-{span['closes']}" for span in room["opening"])
    return "|".join([room["code"], room["name"]["zh"], room["name"]["en"], str(room["capacity"]), hours])


def _facility_references(body: FacilityRow) -> tuple[Reference, ...]:
    grid = Reference("grid", f"grid-{body.grid}", GridDefined, "unknown-grid", UNKNOWN_GRID)
    return (grid, *([unit_reference("keeper", body.keeper)] if body.keeper is not None else []))


def _seat(body: SeatRow, community: str, details: str | None) -> Event:
    return SeatFilled(
        community=community,
        seat=body.seat,
        unit=body.unit,
        number=body.number,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        details=details,
    )


def _check_seat(facts: Event, now: datetime) -> None:
    assert isinstance(facts, SeatFilled)
    SEAT.decide(Fill(facts, now), SEAT.fold.initial)


async def _enter_seat(transaction: Transaction, id: str, facts: Event) -> None:
    assert isinstance(facts, SeatFilled)
    await transaction.begin(COMMITTEE, id, Fill(facts, transaction.context.now))


def _agreement(body: AgreementRow, community: str, _: str | None) -> Event:
    return agreement_facts(body, community).model_copy(update={"signed_at": body.signed_at})


def _commands(facts: Event, now: datetime) -> list[Command]:
    """By which an agreement comes on record: drawn up, and signed if it says when."""
    assert isinstance(facts, AgreementDrafted)
    draft = facts.model_copy(update={"signed_at": None})
    signed = [] if facts.signed_at is None else [Sign(facts.signed_at, now)]
    return [Register(draft), *signed]


def _check_agreement(facts: Event, now: datetime) -> None:
    state = AGREEMENT.fold.initial
    for command in _commands(facts, now):
        state = AGREEMENT.fold.over(AGREEMENT.decide(command, state), state)


async def _enter_agreement(transaction: Transaction, id: str, facts: Event) -> None:
    first, *rest = _commands(facts, transaction.context.now)
    await transaction.begin(AGREEMENTS, id, first)
    for command in rest:
        await transaction.decide(AGREEMENTS, id, command)


def _agreement_references(body: AgreementRow) -> tuple[Reference, ...]:
    services = (
        Reference("services", service, ServicePublished, "unknown-service", UNKNOWN_SERVICE)
        for service in sorted(set(body.services))
    )
    return (unit_reference("unit", body.unit), *services)


COMMUNITY_KINDS = (
    Kind(
        name="facilities",
        prefix="facility",
        body=FacilityRow,
        scope="registry:admin",
        facts=_facility,
        references=_facility_references,
        sealed=lambda body: None,
        alike=lambda body: (),
        flat=_flat_facility,
    ),
    Kind(
        name="seats",
        prefix="seat",
        body=SeatRow,
        scope="registry:admin",
        facts=_seat,
        references=lambda body: (unit_reference("unit", body.unit),),
        sealed=lambda body: {"holder": body.holder.model_dump(exclude_none=True)},
        alike=lambda body: (),
        enter=_enter_seat,
        check=_check_seat,
        named=lambda body, community, first: seat_id(first, community, body.seat, body.number),
    ),
    Kind(
        name="agreements",
        prefix="agreement",
        body=AgreementRow,
        scope="registry:admin",
        facts=_agreement,
        references=_agreement_references,
        sealed=lambda body: None,
        alike=lambda body: (),
        enter=_enter_agreement,
        check=_check_agreement,
    ),
)
