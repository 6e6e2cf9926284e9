"""What an event says besides that it happened: ids, codes and times, in words. Nothing else is shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta, timezone

from babel.dates import format_datetime

from services.notify.templates.catalogue import Words
from shared.events.notify import Language
from shared.kernel.canonical import Json
from shared.kernel.times import parse_time

LONGEST = 120
"""Characters of one value: an id has 60 at the most."""

_CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
_LOCALES: Mapping[Language, str] = {"zh": "zh_CN", "en": "en"}
# What a chat reads as formatting, as a link or as a call to somebody; no id and no code has them.
_NOT_SHOWN = str.maketrans(dict.fromkeys("<>[]()*`#|~\\{}@&\"'", " "))


def plain(value: Json, limit: int = LONGEST) -> str:
    """`value` as one line of text that no chat and no mail program takes for more than text; may be empty."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return ""
    shown = str(value)[: 4 * limit].translate(_NOT_SHOWN)
    words = "".join(letter if letter.isprintable() else " " for letter in shown).split()
    text = " ".join(words)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def moment(value: Json, language: Language, words: Words) -> str:
    """A time of an event by China's clocks; what is no time, as it is."""
    found = _local(value)
    return plain(value) if found is None else _written(found, language, words)


def _local(value: Json) -> datetime | None:
    try:
        return parse_time(value).astimezone(_CHINA) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def _written(found: datetime, language: Language, words: Words) -> str:
    return format_datetime(found, words.say("format", "moment"), locale=_LOCALES[language])


def _slot(field: str, value: Json, language: Language, words: Words) -> str:
    if not isinstance(value, dict):
        return ""
    start, end = _local(value.get("start")), _local(value.get("end"))
    if start is None or end is None:
        return ""
    until = f"{end:%H:%M}" if start.date() == end.date() else _written(end, language, words)
    return words.say("format", "slot", start=_written(start, language, words), end=until)


def _time(field: str, value: Json, language: Language, words: Words) -> str:
    return moment(value, language, words)


def _code(field: str, value: Json, language: Language, words: Words) -> str:
    code = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
    known = words.find(field, code) if isinstance(code, str) else None
    return plain(code) if known is None else known


def _id(field: str, value: Json, language: Language, words: Words) -> str:
    return plain(value)


_SHOWN: Mapping[str, Callable[[str, Json, Language, Words], str]] = {
    **dict.fromkeys(("service", "grid"), _id),
    **dict.fromkeys(("urgent", "priority"), _code),
    **dict.fromkeys(("visit", "assignment", "volunteer"), _id),
    "slot": _slot,
    **dict.fromkeys(("replaced", "target", "duplicate", "course"), _id),
    **dict.fromkeys(("outcome", "level", "cause", "reason", "flag", "capacity"), _code),
    **dict.fromkeys(("suspended", "team", "kind", "solved"), _code),
    **dict.fromkeys(("times", "satisfaction"), _id),
    **dict.fromkeys(("checked_in_at", "checked_out_at", "started_at", "ended_at", "at"), _time),
    **dict.fromkeys(("due", "expires_at", "until", "reopen_until", "next_at", "reply_by"), _time),
    **dict.fromkeys(("starts_at", "ends_at", "since"), _time),
}
"""Fields of any event's data that are shown, in this order."""

CODED = frozenset(field for field, shown in _SHOWN.items() if shown is _code)
"""Those whose values are codes, with words of their own in the catalogues."""


def short(id: str, subject: str) -> str:
    """An `id` of something inside of `subject`, without what it begins with: `visit-1`."""
    return id.removeprefix(f"{subject}.")


def facts(
    type: str,
    subject: str,
    data: Mapping[str, Json],
    said: Collection[str],
    language: Language,
    words: Words,
) -> list[str]:
    """What `data` of an event of `type` says, but for the fields that were `said` already."""
    found = []
    for field, shown in _SHOWN.items():
        text = shown(field, data.get(field), language, words) if field not in said else ""
        if text:
            own = f"fact of {type}"
            context = "fact" if words.find(own, field) is None else own
            found.append(words.say(context, field, value=short(text, subject)))
    return found
