"""What is put into boxes, before it has its number and with it; and how the store has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.kernel.canonical import Json, encode
from shared.runtime.mongo import Document


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `id` is the webhook-id; `bodies` are CloudEvents as JSON, more than one in a digest, and
    `more` how many others that speaks of. `facts` are what subscriptions look at. `source` is its service,
    `sequence` its place in that one's log."""

    box: str
    number: int
    id: str
    type: str
    stream: str
    at: str
    bodies: tuple[bytes, ...]
    facts: Mapping[str, str]
    source: str = ""
    sequence: str = ""
    more: int = 0
    last: int = 0
    """Of a digest: the number of the last message that it speaks of, in the box that it was made of."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message before it has its number. `document` is the body, which the number is put into."""

    box: str
    id: str
    type: str
    stream: str
    document: Mapping[str, Json]
    facts: Mapping[str, str]
    source: str
    sequence: str


@dataclass(frozen=True, slots=True)
class Digest:
    """A message of several others, before it has its number."""

    box: str
    id: str
    type: str
    bodies: tuple[bytes, ...]
    more: int
    last: int


@dataclass(frozen=True, slots=True)
class Head:
    """The last message of a box: its number, and where it came from."""

    number: int
    previous: str | None = None
    last: int = 0


def place(box: str, number: int) -> str:
    """Where a message stands: text order is the order of numbers."""
    return f"{box}|{number:012d}"


def numbered(letter: Letter | Digest, head: Head, now: str) -> Message:
    """The message that `letter` is behind `head`, put in at the moment `now`."""
    number = head.number + 1
    if isinstance(letter, Digest):
        return Message(
            letter.box,
            number,
            letter.id,
            letter.type,
            letter.box,
            now,
            letter.bodies,
            {},
            more=letter.more,
            last=letter.last,
        )
    document = {**letter.document, "recipient": letter.box, "unitsequence": number}
    if head.previous is not None:
        document["previous"] = head.previous
    return Message(
        letter.box,
        number,
        letter.id,
        letter.type,
        letter.stream,
        now,
        (encode(document),),
        letter.facts,
        letter.source,
        letter.sequence,
    )


def head_of(message: Message) -> Head:
    """The head of a box whose last message this is."""
    previous = f"{message.source}@{message.sequence}" if message.source else None
    return Head(message.number, previous, message.last)


def document_of(message: Message) -> Document:
    """`message` as the store has it."""
    document: Document = {
        "_id": f"{message.box}|{message.id}",
        "place": place(message.box, message.number),
        "type": message.type,
        "stream": message.stream,
        "at": message.at,
        "facts": dict(message.facts),
        "source": message.source,
        "sequence": message.sequence,
        "bodies": list(message.bodies),
    }
    if message.last:
        document |= {"more": message.more, "last": message.last}
    return document


def message_of(document: Document) -> Message:
    """The message that the store has as `document`."""
    box, number = str(document["place"]).rsplit("|", 1)
    return Message(
        box=box,
        number=int(number),
        id=str(document["_id"]).rsplit("|", 1)[1],
        type=document["type"],
        stream=document["stream"],
        at=document["at"],
        bodies=tuple(bytes(body) for body in document.get("bodies", ())),
        facts=document["facts"],
        source=document["source"],
        sequence=document["sequence"],
        more=document.get("more", 0),
        last=document.get("last", 0),
    )
