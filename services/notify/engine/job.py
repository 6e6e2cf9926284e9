"""What a lane has to do, what came of it, and what lanes share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from services.notify.endpoints import Endpoint, NoAddress
from services.notify.engine.rate import Rate
from services.notify.letters import Message
from services.notify.records import Pending
from shared.events.notify import Attempted, DisabledFor


@dataclass(frozen=True, slots=True)
class Job:
    """A message that is to be tried. `pending` if it was before; `counts` if a failure moves it on in its
    schedule."""

    message: Message
    pending: Pending | None = None
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a job. `retry_after` is the peace in seconds that the receiver asked for; `gone` if it
    wants nothing ever again."""

    attempt: Attempted
    retry_after: float
    gone: bool


class Sending(Protocol):
    """What lanes share."""

    turns: asyncio.Semaphore

    async def room(self) -> None:
        """Wait until more outcomes can be taken."""
        ...

    async def attempt(self, endpoint: Endpoint, job: Job) -> Result:
        """Make one attempt, and take what came of it for the record."""
        ...

    async def lost(self, endpoint: Endpoint, pending: Pending) -> None:
        """A message that was to be sent again is kept no longer."""
        ...

    async def disable(self, endpoint: Endpoint, reason: DisabledFor) -> None:
        """Put on record that the endpoint is told nothing any more."""
        ...

    def may_be_told(self, unit: str) -> bool:
        """Whether a unit has an agreement in force."""
        ...

    def held_with(self, endpoint: Endpoint) -> str | None:
        """Why the endpoint that this one is told by is told nothing, a code."""
        ...

    def rate(self, endpoint: Endpoint) -> Rate:
        """How many may go where the endpoint is told; shared by all that are told by it."""
        ...


def fault_of(error: Exception) -> str:
    """Why an attempt could not be made, a code: what is sealed is lost, there is no such channel."""
    match error:
        case NoAddress():
            return "no-address"
        case KeyError():
            return "no-channel"
        case _:
            return "fault"
