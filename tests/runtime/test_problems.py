"""What a caller is told of wrong fields: each once, where it is."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from services.registry.api.agreement_bodies import AgreementBody, AgreementChanges, SeatBody
from shared.runtime.http.bodies import Body
from shared.runtime.http.problems import of_validation


def told(model: type[Body], body: Mapping[str, object]) -> dict[str, str]:
    """Field and code of each fault that is told of `body`."""
    with pytest.raises(ValidationError) as raised:
        model.model_validate(body)
    faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in raised.value.errors()]
    problem = of_validation(RequestValidationError(faults))
    found = {error["field"]: error["code"] for error in problem.errors}
    assert len(found) == len(problem.errors)
    return found


def test_a_field_that_may_be_left_out_is_told_of_once_and_by_its_own_name() -> None:
    assert told(AgreementChanges, {"services": "all", "ends_at": "soon"}) == {
        "body/services": "list-type",
        "body/ends_at": "value-error",
    }
    assert told(AgreementChanges, {"services": ["service-a", 3]}) == {"body/services/1": "string-type"}
    seat = {"seat": "member", "unit": "unit-1", "holder": {"name": "陈"}, "starts_at": "2026-01-01T00:00:00Z"}
    assert told(SeatBody, {**seat, "number": "one"}) == {"body/number": "int-type"}
    assert told(SeatBody, {**seat, "holder": {"name": "陈", "phone": 5}}) == {
        "body/holder/phone": "string-type"
    }


def test_a_field_that_is_missing_wrong_or_unknown_is_told_of() -> None:
    assert told(AgreementBody, {"unit": 5, "services": [], "starts_at": 1, "colour": "red"}) == {
        "body/unit": "string-type",
        "body/starts_at": "value-error",
        "body/ends_at": "missing",
        "body": "extra-forbidden",
    }
