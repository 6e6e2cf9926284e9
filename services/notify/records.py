"""The records of deliveries as the store has them, and the changes that are made to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.events.notify import Attempted, DeliveryCancelled, DeliveryResent, Failed
from shared.kernel.times import format_time
from shared.runtime.mongo import Document, UpdateOne

State = Literal["pending", "exhausted", "delivered", "cancelled"]
STATES: Sequence[State] = ("pending", "exhausted", "delivered", "cancelled")
"""In the order of the index: what may still move comes first, so that a reader of pages misses nothing."""


# Behind every number in text order.
LAST = "|~"


@dataclass(frozen=True, slots=True)
class Pending:
    """A delivery that is tried again at `next_at`. `step` is how far it is in its schedule."""

    number: int
    message: str
    type: str
    attempts: int
    step: int
    next_at: str


def delivery_id(endpoint: str, number: int) -> str:
    """`<endpoint>|<number>`."""
    return f"{endpoint}|{number:012d}"


def position(moment: str, number: int) -> str:
    """Where a delivery stands within its endpoint and state."""
    return f"{moment}|{number:012d}"


def prefix_of(endpoint: str, state: State) -> str:
    return f"{endpoint}|{STATES.index(state) + 1}|"


def id_of(made: Attempted) -> str:
    """The id of the record of an attempt."""
    return delivery_id(made.endpoint, made.number)


def state_of(made: Attempted) -> State:
    """What an attempt makes of its delivery."""
    if isinstance(made, Failed):
        return "exhausted" if made.next_at is None else "pending"
    return "delivered"


def outcome_of(made: Attempted, pos: int, answers: Mapping[str, bytes]) -> Document:
    """What a record says after an attempt."""
    state, at = state_of(made), format_time(made.at)
    failed = made if isinstance(made, Failed) else None
    next_at = None if failed is None or failed.next_at is None else format_time(failed.next_at)
    facts: Document = {
        "place": prefix_of(made.endpoint, state) + position(next_at or at, made.number),
        "state": state,
        "attempts": made.attempt,
        "step": 0 if failed is None else failed.step,
        "next_at": next_at,
        "status": made.status,
        "error": None if failed is None else failed.error,
        "at": at,
        "took_ms": made.took_ms,
        "pos": pos,
    }
    if failed is None and (answer := answers.get(id_of(made))):
        facts["answer"] = answer
    return facts


def record_of(made: Attempted, pos: int, answers: Mapping[str, bytes]) -> Document:
    """The record of a first attempt."""
    return {
        "_id": id_of(made),
        "endpoint": made.endpoint,
        "unit": made.unit,
        "box": made.box,
        "number": made.number,
        "message": made.message,
        "type": made.type,
        **outcome_of(made, pos, answers),
    }


def change_of(made: Attempted, pos: int, answers: Mapping[str, bytes]) -> UpdateOne:
    """A failure moves only what is still to be sent: not what was cancelled, or delivered, meanwhile."""
    only: Document = {"state": {"$in": ["pending", "exhausted"]}} if isinstance(made, Failed) else {}
    which = {"_id": id_of(made), "pos": {"$lt": pos}, **only}
    return UpdateOne(which, {"$set": outcome_of(made, pos, answers)})


def note_of(made: Failed, pos: int) -> UpdateOne:
    """A failure of what was cancelled meanwhile: it stays so, and the attempt is on record."""
    which = {"_id": id_of(made), "pos": {"$lt": pos}, "state": "cancelled"}
    facts = {"attempts": made.attempt, "status": made.status, "error": made.error, "took_ms": made.took_ms}
    return UpdateOne(which, {"$set": {**facts, "pos": pos}})


def attempt_of(made: Failed, answers: Mapping[str, bytes]) -> Document:
    """The record of a failed attempt."""
    return {
        "_id": f"{id_of(made)}|{made.attempt:06d}",
        "attempt": made.attempt,
        "at": format_time(made.at),
        "status": made.status,
        "error": made.error,
        "took_ms": made.took_ms,
        "answer": answers.get(id_of(made), b""),
    }


def last_of(document: Document) -> Document:
    """The same of what a record says came of it last."""
    names = ("at", "status", "error", "took_ms")
    return {
        "_id": f"{document['_id']}|{int(document['attempts']):06d}",
        "attempt": document["attempts"],
        **{name: document[name] for name in names},
        "answer": document.get("answer", b""),
    }


def asked_record(
    endpoint: str,
    event: DeliveryResent | DeliveryCancelled,
    state: State,
    at: str,
    pos: int,
) -> Document:
    """The record of a delivery that somebody asked for, or asked not to make."""
    return {
        "_id": delivery_id(endpoint, event.number),
        "endpoint": endpoint,
        "unit": event.unit,
        "box": event.box,
        "number": event.number,
        "message": event.message,
        "type": event.message_type,
        "place": prefix_of(endpoint, state) + position(at, event.number),
        "state": state,
        "attempts": 0,
        "step": 0,
        "next_at": at if state == "pending" else None,
        "status": None,
        "error": None,
        "at": at,
        "took_ms": 0,
        "pos": pos,
    }


def moved(
    id: str, pos: int, state: State, moment: str, facts: Document, only: Document | None = None
) -> UpdateOne:
    """A change of state, unless something later is there."""
    endpoint, number = id.rsplit("|", 1)
    moved = prefix_of(endpoint, state) + position(moment, int(number))
    return UpdateOne(
        {"_id": id, "pos": {"$lt": pos}, **(only or {})},
        {"$set": {"place": moved, "state": state, "pos": pos, **facts}},
    )


def pending_of(document: Document) -> Pending:
    """What a lane needs of a record."""
    return Pending(
        number=document["number"],
        message=document["message"],
        type=document["type"],
        attempts=document["attempts"],
        step=document["step"],
        next_at=document["next_at"],
    )
