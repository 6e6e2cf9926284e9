"""What dispatch does about registry's events."""

from __future__ import annotations

from services.dispatch.directory import Directory
from shared.events.index import decode
from shared.events.registry import COVERS_ELSEWHERE, ConsentWithdrawn, ResidentErased
from shared.kernel.cloudevent import CloudEvent
from shared.runtime.erasure import Erasure
from shared.runtime.service import Reaction


def reactions(directory: Directory, erasure: Erasure) -> dict[str, Reaction]:
    """Event type → what is done about it."""
    learned = directory.reactions()

    async def erase(event: CloudEvent) -> None:
        await learned[ResidentErased.type](event)
        await erasure.follow(event)

    async def withdraw(event: CloudEvent) -> None:
        # Learned first: from then on nothing new is kept.
        await learned[ConsentWithdrawn.type](event)
        said = decode(event.type, event.data)
        if isinstance(said, ConsentWithdrawn) and not said.held and said.purpose in COVERS_ELSEWHERE:
            await erasure.withdraw(event, said.persons)

    return {**learned, ResidentErased.type: erase, ConsentWithdrawn.type: withdraw}
