"""The fan-out: for each event, one message into the box of every unit, and volunteer, that it concerns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.notify.domain.subscription import TOLD, TOLD_TO_VOLUNTEERS, facts_of
from services.notify.letters import Letter
from services.notify.messages import Messages
from shared.kernel.canonical import Json, decode_object
from shared.kernel.cloudevent import CloudEvent, sequence
from shared.kernel.partner import partner_form, volunteer_form


class Fanout:
    """A follower's handler. The same events again put nothing in, and lose nothing."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    async def __call__(self, events: Sequence[CloudEvent]) -> None:
        """Put the messages of `events` into their boxes. The position moves after this."""
        letters = [letter for event in events for letter in letters_of(event)]
        if letters:
            await self._messages.put(letters)


def letters_of(event: CloudEvent) -> list[Letter]:
    """The messages that `event` makes, by its data alone."""
    units = event.data.get("units")
    volunteer = event.data.get("volunteer")
    to_units = [str(unit) for unit in units] if isinstance(units, list) and event.type in TOLD else []
    to_volunteer = isinstance(volunteer, str) and event.type in TOLD_TO_VOLUNTEERS
    if not to_units and not to_volunteer:
        return []
    document = decode_object(event.raw)
    letters = [_letter(event, unit, partner_form(document, unit)) for unit in dict.fromkeys(to_units)]
    if to_volunteer:
        letters.append(_letter(event, str(volunteer), volunteer_form(document, str(volunteer))))
    return letters


def _letter(event: CloudEvent, box: str, document: Mapping[str, Json]) -> Letter:
    return Letter(
        box=box,
        id=event.id,
        type=event.type,
        stream=event.stream,
        document=document,
        facts=facts_of(event.data),
        source=event.service,
        sequence=sequence(event.place.pos, event.place.index),
    )
