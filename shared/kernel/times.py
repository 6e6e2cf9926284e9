"""Times as the system writes them: RFC 3339, UTC, milliseconds; text order is time order."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, PlainSerializer, WithJsonSchema

# datetime.fromisoformat takes more than RFC 3339, and from version to version not the same.
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII | re.IGNORECASE,
)


_WANTED = "a time is RFC 3339 text, for example 2026-11-24T08:30:00Z; in an address its + is written %2B"


def format_time(moment: datetime) -> str:
    """`2026-11-24T03:29:28.123Z`. `moment` must be aware; digits below the millisecond are cut."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat("T", "milliseconds").removesuffix("+00:00") + "Z"


def parse_time(text: str) -> datetime:
    """The moment that `text` names, in UTC. Raises ValueError if it is not RFC 3339, or out of range."""
    if _RFC3339.fullmatch(text) is None:
        raise ValueError(_WANTED)
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError:
        raise ValueError("year out of range") from None


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
    if isinstance(value, str):
        return parse_time(value)
    raise ValueError(_WANTED)


Time = Annotated[
    AwareDatetime,
    BeforeValidator(_from_text),
    AfterValidator(_in_range),
    PlainSerializer(format_time, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A moment in a model: aware, UTC, whole milliseconds; as JSON the text of `format_time`."""


def later(text: str, seconds: float) -> str:
    """The written time `seconds` after the written time `text`."""
    return format_time(parse_time(text) + timedelta(seconds=seconds))
