"""What dispatch does about registry's events."""

from __future__ import annotations

from services.dispatch.directory import Directory
from shared.events.registry import ResidentErased
from shared.kernel.cloudevent import CloudEvent
from shared.runtime.erasure import Erasure
from shared.runtime.service import Reaction


def reactions(directory: Directory, erasure: Erasure) -> dict[str, Reaction]:
    """Event type → what is done about it."""
    learned = directory.reactions()

    async def erase(event: CloudEvent) -> None:
        await learned[ResidentErased.type](event)
        await erasure.follow(event)

    return {**learned, ResidentErased.type: erase}
