"""What people read of events: a title and lines, in Chinese or English, without personal details."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

from services.notify.templates.catalogue import Words, words
from services.notify.templates.facts import facts, moment, plain, short
from shared.events.notify import Language
from shared.kernel.canonical import Json, decode_object

TITLE_LENGTH = 150
SENTENCE_LENGTH = 500
"""Characters; the longest of those that are made of ids as they are has 400."""


@dataclass(frozen=True, slots=True)
class Text:
    """What is told: `more` is how many events there were besides those that `lines` speak of."""

    title: str
    lines: Sequence[str]
    more: int = 0


def text(bodies: Sequence[bytes], more: int, language: Language) -> Text:
    """One event at length, or a digest: a line for each event, oldest first, and `more` by their number."""
    title = subject(bodies, language, more)
    if len(bodies) == 1 and more == 0:
        return Text(title, lines(bodies[0], language))
    return Text(title, [_dated(body, language) for body in bodies], more)


def subject(bodies: Sequence[bytes], language: Language, more: int = 0) -> str:
    """The title: what happened, or how many things did."""
    said = words(language)
    if len(bodies) == 1 and more == 0:
        head, _ = _head(_Event.of(bodies[0]), said)
    else:
        head = said.count("count", len(bodies) + more)
    return said.say("format", "brand", text=head)[:TITLE_LENGTH]


def lines(body: bytes, language: Language) -> list[str]:
    """What one event says: a sentence, when it happened, and its id."""
    event, said = _Event.of(body), words(language)
    found = [_sentence(event, language)]
    if event.time:
        found.append(said.say("format", "happened", moment=moment(event.time, language, said)))
    if event.id:
        found.append(said.say("format", "event", id=event.id))
    return found


def and_more(count: int, language: Language) -> str:
    """That there are `count` events more."""
    return words(language).count("more", count)


def sent_to(endpoint: str, language: Language) -> str:
    """Why somebody is told this, and who can end it."""
    return words(language).say("format", "sent-to", endpoint=endpoint)


@dataclass(frozen=True, slots=True)
class _Event:
    """What is read of a body; whatever is missing or odd is empty."""

    id: str
    type: str
    subject: str
    time: str
    data: Mapping[str, Json]
    test: bool = False

    @classmethod
    def of(cls, body: bytes) -> _Event:
        try:
            document = decode_object(body)
        except ValueError:
            document = {}
        id, type, subject, time = (plain(document.get(name)) for name in ("id", "type", "subject", "time"))
        data = document.get("data")
        known = data if isinstance(data, dict) else {}
        return cls(id, type or "?", subject or "?", time, known, document.get("test") is True)


def _head(event: _Event, said: Words) -> tuple[str, set[str]]:
    """What happened, and the fields of the event's data that it speaks of; of a test, that it is one."""
    head, named = _happened(event, said)
    return said.say("format", "test", text=head) if event.test else head, named


def _happened(event: _Event, said: Words) -> tuple[str, set[str]]:
    pattern = said.find("event", event.type)
    if pattern is None:
        return said.say("format", "other", type=event.type, subject=event.subject), set()
    named = {name for _, name, _, _ in Formatter().parse(pattern) if name is not None}
    values = {name: short(plain(event.data.get(name)) or "?", event.subject) for name in named}
    return pattern.format_map({**values, "subject": event.subject}), named


def _sentence(event: _Event, language: Language) -> str:
    said = words(language)
    head, named = _head(event, said)
    known = facts(event.type, event.subject, event.data, named, language, said)
    if not known:
        return head
    joined = said.say("format", "between").join(known)
    return said.say("format", "sentence", head=head, facts=joined)[:SENTENCE_LENGTH]


def _dated(body: bytes, language: Language) -> str:
    event, said = _Event.of(body), words(language)
    sentence = _sentence(event, language)
    if not event.time:
        return sentence
    return said.say("format", "dated", moment=moment(event.time, language, said), sentence=sentence)
