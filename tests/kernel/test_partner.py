"""A partner unit sees what concerns it, without persons and without other units."""

from __future__ import annotations

import pytest

from shared.kernel.canonical import Json
from shared.kernel.partner import concerns, partner_form, volunteer_form

OWN, OTHER = "unit-school", "unit-red-cross"
DATA: dict[str, Json] = {
    "community": "shaba",
    "units": [OTHER, OWN],
    "service": "service-1",
    "grid": "shaba-03",
    "resident": "resident-1",
    "details": "d" * 64,
    "position": "p" * 64,
    "basis": "registry@184",
    "unit": OTHER,
    "lead_unit": OWN,
    "supporting_units": [OTHER],
    "slot": {"start": "2026-11-25T01:00:00.000Z", "end": "2026-11-25T02:00:00.000Z"},
}
DOCUMENT: dict[str, Json] = {
    "specversion": "1.0",
    "id": "event-1",
    "source": "/linli/dispatch",
    "type": "volunteer-assigned",
    "subject": "request-1",
    "time": "2026-11-24T03:29:28.123Z",
    "sequence": "000000000184.0000",
    "authid": "client-1",
    "authtype": "service_account",
    "authrole": "dispatcher",
    "traceparent": "00-aa-bb-01",
    "data": DATA,
}


def seen(unit: str) -> dict[str, Json]:
    data = partner_form(DOCUMENT, unit)["data"]
    assert isinstance(data, dict)
    return data


@pytest.mark.parametrize("attribute", ["id", "source", "type", "subject", "time", "sequence"])
def test_the_event_stays_the_same_event(attribute: str) -> None:
    assert partner_form(DOCUMENT, OWN)[attribute] == DOCUMENT[attribute]


@pytest.mark.parametrize("attribute", ["authid", "authtype", "authrole", "traceparent"])
def test_who_did_it_is_not_told(attribute: str) -> None:
    assert attribute not in partner_form(DOCUMENT, OWN)


@pytest.mark.parametrize("field", ["resident", "details", "position", "basis"])
def test_no_person_and_no_digest_is_told(field: str) -> None:
    assert field not in seen(OWN)


def test_other_units_are_not_told() -> None:
    assert seen(OWN)["units"] == [OWN]
    assert "unit" not in seen(OWN)
    assert "supporting_units" not in seen(OWN)
    assert OTHER not in str(partner_form(DOCUMENT, OWN))


def test_a_unit_is_told_what_it_is_itself() -> None:
    assert seen(OWN)["lead_unit"] == OWN
    assert seen(OTHER)["unit"] == OTHER


@pytest.mark.parametrize("field", ["community", "service", "grid", "slot"])
def test_the_matter_is_told(field: str) -> None:
    assert seen(OWN)[field] == DATA[field]


def test_the_document_itself_is_left_as_it_was() -> None:
    partner_form(DOCUMENT, OWN)
    assert DOCUMENT["data"] is DATA
    assert DATA["units"] == [OTHER, OWN]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (DATA, True),
        ({"units": [OTHER]}, False),
        ({"units": []}, False),
        ({"units": OWN}, False),
        ({"unit": OWN}, False),
        ({}, False),
    ],
)
def test_an_event_concerns_those_that_its_units_name(data: dict[str, Json], expected: bool) -> None:
    assert concerns(data, OWN) is expected


VOLUNTEER = "volunteer-1"
WORK: dict[str, Json] = {
    **DATA,
    "volunteer": VOLUNTEER,
    "tier": "high",
    "feedback": "f" * 64,
    "coordinator": "client-2",
    "assignment": "request-1.assignment-1",
    "on_behalf_of": VOLUNTEER,
}


def told(volunteer: str = VOLUNTEER, **more: Json) -> dict[str, Json]:
    """What a volunteer is told of the data of an event."""
    data = volunteer_form({**DOCUMENT, "data": {**WORK, **more}}, volunteer)["data"]
    assert isinstance(data, dict)
    return data


@pytest.mark.parametrize("attribute", ["id", "source", "type", "subject", "time", "sequence"])
def test_to_a_volunteer_the_event_is_the_same_event(attribute: str) -> None:
    assert volunteer_form({**DOCUMENT, "data": WORK}, VOLUNTEER)[attribute] == DOCUMENT[attribute]


@pytest.mark.parametrize("attribute", ["authid", "authtype", "authrole", "traceparent"])
def test_a_volunteer_is_not_told_who_did_it(attribute: str) -> None:
    assert attribute not in volunteer_form({**DOCUMENT, "data": WORK}, VOLUNTEER)


@pytest.mark.parametrize(
    "field", ["resident", "tier", "details", "feedback", "position", "basis", "coordinator"]
)
def test_a_volunteer_is_told_no_resident_and_no_digest(field: str) -> None:
    assert field not in told()
    assert field not in told(unit=None)


def test_a_volunteer_is_told_of_its_own_unit_alone() -> None:
    seen = told()
    assert (seen["unit"], seen["units"], seen["volunteer"]) == (OTHER, [OTHER], VOLUNTEER)
    assert not {"lead_unit", "supporting_units"} & seen.keys()
    assert OWN not in str(volunteer_form({**DOCUMENT, "data": WORK}, VOLUNTEER))


def test_a_volunteer_whose_unit_is_not_said_is_told_of_none() -> None:
    data = {name: value for name, value in WORK.items() if name != "unit"}
    seen = volunteer_form({**DOCUMENT, "data": data}, VOLUNTEER)["data"]
    assert isinstance(seen, dict)
    assert (seen["units"], seen["volunteer"]) == ([], VOLUNTEER)
    assert OWN not in str(seen)
    assert OTHER not in str(seen)


@pytest.mark.parametrize("field", ["community", "service", "grid", "slot", "assignment"])
def test_a_volunteer_is_told_what_it_is_to_do(field: str) -> None:
    assert told()[field] == WORK[field]


def test_the_document_that_a_volunteer_is_told_of_is_left_as_it_was() -> None:
    document: dict[str, Json] = {**DOCUMENT, "data": WORK}
    volunteer_form(document, VOLUNTEER)
    assert document["data"] is WORK
    assert WORK["units"] == [OTHER, OWN]
    assert WORK["resident"] == "resident-1"
