"""Nothing of a source is left out, and nothing of it comes twice: what its places say."""

from __future__ import annotations

from typing import Literal

from shared.kernel.cloudevent import Place, sequence

Break = Literal["gap", "again", "size"]


def entry_id(service: str, place: Place) -> str:
    """The name of a place, `dispatch@000000000184.0000`: an event's source and sequence in one text."""
    return f"{service}@{sequence(place.pos, place.index)}"


def break_between(last: Place, place: Place) -> Break | None:
    """What is wrong with `place` coming right behind `last`; None if nothing is.

    `gap`: something between them is missing. `again`: it has been already. `size`: it contradicts its
    commit's size.
    """
    if (place.pos, place.index) <= (last.pos, last.index):
        return "again"
    if not last.next_is(place):
        return "gap"
    if place.index >= place.size or (place.index > 0 and place.size != last.size):
        return "size"
    return None
