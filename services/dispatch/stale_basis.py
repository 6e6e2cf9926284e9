"""What a decision was based on does not hold any more: whoever cannot go is released, the rest is flagged.

A volunteer is suspended in registry and placed here at the same moment: either the event finds the placement
in the view, or the placement, once it is in the view, finds the suspension in the directory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from services.dispatch.aggregates import REQUESTS
from services.dispatch.deciding import decide_on
from services.dispatch.directory import Directory
from services.dispatch.domain.intake import FlagRequest
from services.dispatch.domain.placing import Release
from services.dispatch.domain.request import Command
from services.dispatch.rows import Row
from services.dispatch.views import Requests
from shared.events.dispatch import Flag, ReleaseReason
from shared.folds.request import Request
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.commit import Actor, Answer
from shared.kernel.decider import Refused
from shared.kernel.times import to_milliseconds
from shared.runtime.agreements import Agreements
from shared.runtime.execute import Context, Executor, Transaction
from shared.runtime.service import Reaction
from shared.runtime.timers import Clock, now

ACTOR = Actor("system", "dispatch")
WHY: Mapping[str, ReleaseReason] = {
    "volunteer-suspended": "volunteer-suspended",
    "volunteer-not-active": "volunteer-suspended",
    "unknown-volunteer": "volunteer-left",
}
"""Why a volunteer is released who cannot be placed any more, by the code of the refusal."""

AGAIN_S = 1.0
"""How soon one that failed is tried again."""

log = structlog.get_logger()

CommandsFor = Callable[[Request], Iterable[Command]]


@dataclass(slots=True)
class StaleBasis:
    """Looks again at what was decided; `catch_up` waits until `requests` has all that is on record."""

    requests: Requests
    directory: Directory
    agreements: Agreements
    executor: Executor
    catch_up: Callable[[], Awaitable[object]]
    clock: Clock = now
    _placed: asyncio.Queue[tuple[Row, str]] = field(default_factory=asyncio.Queue)

    def reactions(self) -> dict[str, Reaction]:
        """Registry's events after which something here may not hold any more; the directory and the
        agreements have heard of them before."""
        return {
            "volunteer-suspended": self._volunteer_gone,
            "volunteer-left": self._volunteer_gone,
            "volunteer-erased": self._volunteer_gone,
            "agreement-ended": self._agreement_over,
            "agreement-expired": self._agreement_over,
            "service-withdrawn": self._service_withdrawn,
        }

    def changed(self, row: Row, before: Row | None) -> None:
        """See `Requests.watch`: whoever was placed is looked up again; after a visit, everybody who is to go,
        as nobody is released while somebody is there."""
        if before is None or not row.open:
            return
        visited = row.visited_at != before.visited_at
        for work in row.work:
            item, volunteer, *_, status = work
            placed = item.startswith("assignment-") and status == "accepted"
            if placed and (visited or work not in before.work):
                self._placed.put_nowait((row, volunteer))

    async def keep_looking(self) -> None:
        """Look up whoever was placed, one after the other, until cancelled."""
        while True:
            row, volunteer = await self._placed.get()
            try:
                reason = await self._reason(volunteer, row.community)
                if reason is not None:
                    await self._release(row, volunteer, reason, f"placed:{row.id}@{row.version}")
            except Exception as error:
                log.warning("basis-not-looked-at", request=row.id, error=type(error).__name__)
                self._placed.put_nowait((row, volunteer))
                await asyncio.sleep(AGAIN_S)

    async def _volunteer_gone(self, event: CloudEvent) -> None:
        await self.catch_up()
        for row in self.requests.open_with(event.stream):
            reason = await self._reason(event.stream, row.community) or "volunteer-left"
            await self._release(row, event.stream, reason, f"{event.id}:{row.id}")

    async def _reason(self, volunteer: str, community: str) -> ReleaseReason | None:
        try:
            await self.directory.volunteer(volunteer, community)
        except Refused as refusal:
            return WHY.get(refusal.code)
        return None

    async def _release(self, row: Row, volunteer: str, reason: ReleaseReason, commit: str) -> None:
        """Each assignment in a commit of its own: that somebody is there by one keeps no other."""
        for item, who, *_, status in row.work:
            if item.startswith("assignment-") and who == volunteer and status == "accepted":
                command = Release(f"{row.id}.{item}", reason)
                await self._decide(row.id, f"{commit}:{item}", lambda _, command=command: [command])  # type: ignore[misc]

    async def _agreement_over(self, event: CloudEvent) -> None:
        unit = str(event.data["unit"])
        await self.catch_up()
        for row in self.requests.open_of_unit(unit):
            if self.agreements.covers(unit, row.service):
                continue  # by another agreement

            def flags(request: Request) -> Iterable[Command]:
                goes = request.responsible == unit or any(a.unit == unit for a in request.active())
                return [_flag("agreement-ended", event, unit)] if goes else []

            await self._decide(row.id, f"{event.id}:{row.id}", flags)

    async def _service_withdrawn(self, event: CloudEvent) -> None:
        await self.catch_up()
        for row in self.requests.open_for(event.stream):
            flag = _flag("service-withdrawn", event)
            await self._decide(row.id, f"{event.id}:{row.id}", lambda _, flag=flag: [flag])  # type: ignore[misc]

    async def _decide(self, id: str, commit: str, commands: CommandsFor) -> None:
        """Each command in the same commit; what the rules refuse, because somebody is there, stays."""

        async def work(transaction: Transaction) -> Answer:
            for command in list(commands(await transaction.load(REQUESTS, id))):
                await decide_on(transaction, id, command)
            return Answer(200, {"id": id})

        moment = to_milliseconds(self.clock())
        try:
            await self.executor.execute(Context(ACTOR, moment, commit, commit, repeatable=True), work)
        except Refused as refusal:
            log.warning("stale-basis-stays", request=id, code=refusal.code)


def _flag(flag: Flag, event: CloudEvent, unit: str | None = None) -> FlagRequest:
    return FlagRequest(flag, unit, f"registry@{event.place.pos}")
