"""Times as the system writes them: RFC 3339, UTC, milliseconds; text order is time order."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, PlainSerializer

_RFC3339 = re.compile(r"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$")


def format_time(moment: datetime) -> str:
    """`2026-11-24T03:29:28.123Z`. `moment` must be aware; digits below the millisecond are cut."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def parse_time(text: str) -> datetime:
    """The aware moment that `text` names. Raises ValueError if it is not RFC 3339 with an offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs an offset")
    return moment.astimezone(UTC)


def to_milliseconds(moment: datetime) -> datetime:
    """`moment` in UTC without what is below a millisecond, so that it reads back as it was written."""
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def _in_range(moment: datetime) -> datetime:
    if not 1900 <= moment.year <= 2999:
        raise ValueError("year out of range")
    return to_milliseconds(moment)


def _from_text(value: object) -> object:
    """Pydantic reads a bare number as Unix time; on this interface times are RFC 3339 text only."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and _RFC3339.match(value):
        return parse_time(value)
    raise ValueError("a time is RFC 3339 text, for example 2026-11-24T08:30:00Z")


Time = Annotated[
    AwareDatetime,
    BeforeValidator(_from_text),
    AfterValidator(_in_range),
    PlainSerializer(format_time, return_type=str, when_used="json"),
]
"""A moment in a model: aware, UTC, whole milliseconds; as JSON the text of `format_time`."""


def later(text: str, seconds: float) -> str:
    """The written time `seconds` after the written time `text`."""
    return format_time(parse_time(text) + timedelta(seconds=seconds))
