"""Times are RFC 3339 text in UTC with milliseconds, and nothing else is one."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.kernel.times import Time, format_time, later, parse_time, to_milliseconds

TIME: TypeAdapter[datetime] = TypeAdapter(Time)
MOMENTS = st.datetimes(
    datetime(1900, 1, 2),
    datetime(2999, 12, 30),
    timezones=st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone),
)


class Appointment(BaseModel):
    at: Time


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-11-24T03:29:28.123Z", "2026-11-24T03:29:28.123Z"),
        ("2026-11-24T03:29:28Z", "2026-11-24T03:29:28.000Z"),
        ("2026-11-24t03:29:28.5z", "2026-11-24T03:29:28.500Z"),
        ("2026-11-24T03:29:28.123999999Z", "2026-11-24T03:29:28.123Z"),
        ("2026-11-24T11:29:28+08:00", "2026-11-24T03:29:28.000Z"),
        ("2026-11-23T22:59:28-04:30", "2026-11-24T03:29:28.000Z"),
        ("2026-11-24T03:29:28-00:00", "2026-11-24T03:29:28.000Z"),
        ("1900-01-01T00:00:00Z", "1900-01-01T00:00:00.000Z"),
        ("2999-12-31T23:59:59.999Z", "2999-12-31T23:59:59.999Z"),
    ],
)
def test_a_time_is_written_in_utc_with_milliseconds_whatever_it_was_sent_as(text: str, written: str) -> None:
    assert json.loads(Appointment.model_validate({"at": text}).model_dump_json()) == {"at": written}
    assert TIME.validate_json(json.dumps(text)) == parse_time(written)


@pytest.mark.parametrize(
    "text",
    [
        *("", "today", "2026-11-24", "03:29:28Z", "2026-11-24T03:29:28", "2026-11-24 03:29:28Z"),
        *("2026-11-24T03:29Z", "20261124T032928Z", "2026-W48-2T03:29:28Z", "2026-328T03:29:28Z"),
        *("2026-11-24T03:29:28.Z", "2026-11-24T03:29:28,5Z", "2026-11-24T03:29:28.1234567891Z"),
        *("2026-11-24T24:00:00Z", "2026-11-24T23:60:00Z", "2026-11-24T23:59:60Z", "2026-02-29T00:00:00Z"),
        *("2026-11-24T03:29:28+08", "2026-11-24T03:29:28+0800", "2026-11-24T03:29:28+24:00"),
        *("2026-11-24T03:29:28+08:60", "2026-11-24T03:29:28Z\n", " 2026-11-24T03:29:28Z"),
        *("\uff12026-11-24T03:29:28Z", "1764000000", "2026-11-24T03:29:28+08:00[Asia/Shanghai]"),
        *("0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00", "1899-12-31T23:59:59Z"),
        *("3000-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "99999-01-01T00:00:00Z"),
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        TIME.validate_python(text)
    with pytest.raises(ValidationError):
        TIME.validate_json(json.dumps(text))


@pytest.mark.parametrize("value", [0, 1764000000, 1764000000.5, True, None, [], {}, b"2026-11-24T03:29:28Z"])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        TIME.validate_python(value)


@pytest.mark.parametrize("moment", [datetime(2026, 11, 24), date(2026, 11, 24)])
def test_a_moment_without_an_offset_is_refused(moment: object) -> None:
    with pytest.raises(ValidationError):
        TIME.validate_python(moment)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00", "2026-11-24"])
def test_parsing_raises_value_error_and_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match=r"RFC 3339|out of range"):
        parse_time(text)


def test_a_moment_is_cut_to_milliseconds_and_brought_to_utc() -> None:
    moment = datetime(2026, 11, 24, 11, 29, 28, 123_999, timezone(timedelta(hours=8)))
    cut = datetime(2026, 11, 24, 3, 29, 28, 123_000, UTC)
    assert to_milliseconds(moment) == cut
    assert TIME.validate_python(moment) == cut
    assert TIME.validate_python(moment).tzinfo is UTC


def test_the_schema_says_that_it_is_a_time() -> None:
    assert TIME.json_schema(mode="serialization") == {"type": "string", "format": "date-time"}
    assert TIME.json_schema(mode="validation") == {"type": "string", "format": "date-time"}


def test_later_adds_seconds_to_a_written_time() -> None:
    assert later("2026-12-31T23:59:59.500Z", 0.75) == "2027-01-01T00:00:00.250Z"


@settings(deadline=None)
@given(MOMENTS)
def test_what_is_written_reads_back_as_what_was_kept(moment: datetime) -> None:
    assert parse_time(format_time(moment)) == to_milliseconds(moment)
    assert format_time(parse_time(format_time(moment))) == format_time(moment)


@settings(deadline=None)
@given(MOMENTS, MOMENTS)
def test_the_order_of_texts_is_the_order_of_times(one: datetime, other: datetime) -> None:
    assert (format_time(one) < format_time(other)) == (to_milliseconds(one) < to_milliseconds(other))
