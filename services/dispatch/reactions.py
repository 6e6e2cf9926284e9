"""What dispatch does about registry's events."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from services.dispatch.directory import Directory
from shared.events.index import decode
from shared.events.registry import COVERS_ELSEWHERE, ConsentWithdrawn, ResidentErased
from shared.kernel.cloudevent import CloudEvent
from shared.runtime.erasure import Erasure
from shared.runtime.service import Reaction

Requests = Callable[[str], Awaitable[Sequence[str]]]
"""The ids of the requests of a resident."""


def reactions(directory: Directory, erasure: Erasure, requests: Requests) -> dict[str, Reaction]:
    """Event type → what is done about it.

    What was said before a request had its resident is kept as the request's own: it goes with the resident's.
    """
    learned = directory.reactions()

    async def erase(event: CloudEvent) -> None:
        await learned[ResidentErased.type](event)
        await erasure.follow(event, await requests(event.stream))

    async def withdraw(event: CloudEvent) -> None:
        # Learned first: from then on nothing new is kept.
        await learned[ConsentWithdrawn.type](event)
        said = decode(event.type, event.data)
        if isinstance(said, ConsentWithdrawn) and not said.held and said.purpose in COVERS_ELSEWHERE:
            theirs = [id for person in said.persons for id in await requests(person)]
            await erasure.withdraw(event, [*said.persons, *theirs])

    return {**learned, ResidentErased.type: erase, ConsentWithdrawn.type: withdraw}
