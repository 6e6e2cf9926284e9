"""Attachments of a request: added, removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from shared.events.dispatch import AttachmentAdded, AttachmentRemoved, RemovalReason
from shared.folds.attachments import FOLD, Attachments
from shared.kernel.decider import NOT_FOUND, Decider, Refused, require
from shared.kernel.event import Event

MOST = 50
"""Attachments that a request has at one time."""
TOO_MANY = "the request has 50 attachments, which is the most; remove one that is not needed"


@dataclass(frozen=True, slots=True)
class Add:
    """A file comes to the request. The facts are complete."""

    facts: AttachmentAdded


@dataclass(frozen=True, slots=True)
class Remove:
    """A file goes, for good."""

    id: str
    reason: RemovalReason


Command = Add | Remove


def decide(command: Command, attachments: Attachments) -> Sequence[Event]:
    """The events of `command`; none if it is so already. Raises Refused with the code of the rule."""
    match command:
        case Add(facts=facts):
            require(len(attachments.there) < MOST, "too-many-attachments", TOO_MANY)
            return [facts]
        case Remove():
            return _remove(command, attachments)
        case _:
            assert_never(command)


def _remove(command: Remove, attachments: Attachments) -> Sequence[Event]:
    added = attachments.get(command.id)
    if added is None:
        raise Refused("not-found", NOT_FOUND)
    if command.id in attachments.removed:
        return []
    shared = set(AttachmentAdded.model_fields) & set(AttachmentRemoved.model_fields)
    said = {name: value for name, value in added if name in shared}
    return [AttachmentRemoved(**said, reason=command.reason)]


ATTACHMENTS: Decider[Command, Attachments, Event] = Decider(decide, FOLD)
