"""A stack whose dispatch goes by the test's own clock: a week passes while somebody drinks a cup of tea."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deploy.stack import Stack, ephemeral
from deploy.stack.services import CHECKOUT
from services.dispatch.domain.working_time import LOCAL
from shared.kernel.times import format_time
from tests.support.client import Client, Reply
from tests.support.community import Community, community
from tests.support.waiting import until

OTHERS = ("rabbitmq", "store", "registry", "notify", "audit")


@dataclass
class Dispatch:
    """dispatch as a process of the test's, with its clock in a file."""

    stack: Stack
    ahead: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; readiness is somebody else's to wait for."""
        command = [sys.executable, "-m", "tests.support.dispatch_by_clock", str(self.ahead)]
        env = {**os.environ, **self.stack.environment("dispatch")}
        with self.ahead.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=CHECKOUT, env=env, stdout=log, stderr=log)

    def kill(self) -> None:
        """End it as a fault would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)


@dataclass
class Week:
    """Shaba in the week that begins on the next Monday."""

    shaba: Community
    dispatch: Dispatch
    monday: datetime

    @property
    def desk(self) -> Client:
        """The dispatcher's."""
        return self.shaba.staff["dispatch"]

    @property
    def now(self) -> datetime:
        """By dispatch's clock."""
        return datetime.now(UTC) + timedelta(seconds=float(self.dispatch.ahead.read_text()))

    def at(self, day: int, hour: float) -> datetime:
        """An hour of a day of the week, by China's time."""
        return self.monday + timedelta(days=day, hours=hour)

    def set(self, day: int, hour: float) -> None:
        """Let it be that hour now; time goes forward only."""
        there = self.at(day, hour)
        assert there > self.now
        self.dispatch.ahead.write_text(str((there - datetime.now(UTC)).total_seconds()))

    def slot(self, day: int, hour: float, hours: float = 1) -> dict[str, str]:
        """From an hour of a day on."""
        return {
            "start": format_time(self.at(day, hour)),
            "end": format_time(self.at(day, hour + hours)),
        }

    async def does(self, path: str, body: object = None, status: int = 200) -> Reply:
        """The dispatcher's POST, and what came of it."""
        reply = await self.desk.post(path, body)
        assert reply.status == status, (path, reply.body)
        return reply

    async def triaged(self, **fields: str) -> str:
        """A new request, triaged."""
        id = await self.shaba.request(**fields)
        await self.does(f"/v1/requests/{id}/triage", {"priority": "urgent"})
        return id

    async def placed(self, id: str, volunteer: str, slot: dict[str, str]) -> str:
        """The volunteer is placed and a visit scheduled for all of the slot: its id."""
        body = {"volunteer": volunteer, "slot": slot}
        await self.does(f"/v1/requests/{id}/assignments", body, 201)
        return str((await self.does(f"/v1/requests/{id}/visits", body, 201)).body["id"])

    async def visited(self, visit: str, outcome: str = "done") -> None:
        """Somebody checks in and completes the visit, now."""
        await self.does(f"/v1/visits/{visit}/check-in", {"method": "gps"})
        times = {"started_at": format_time(self.now), "ended_at": format_time(self.now)}
        said = {"outcome": outcome, "contact_made": True, **times}
        await self.does(f"/v1/visits/{visit}/complete", said)

    async def ended(self, id: str, satisfaction: int) -> None:
        """Resolved and rated."""
        await self.does(f"/v1/requests/{id}/resolve", {"outcome": "done"})
        rating = {"solved": satisfaction > 2, "satisfaction": satisfaction}
        await self.does(f"/v1/requests/{id}/rating", rating)

    async def types(self, id: str) -> list[str]:
        """The types of a request's events, from dispatch's own log."""
        found: list[str] = []
        after: str | None = "0"
        while after is not None:
            page = (await self.shaba.admin["dispatch"].get("/v1/events", after=after, limit="500")).body
            found += [event["type"] for event in page["items"] if event["subject"] == id]
            after = page["next"]
        return found

    async def happens(self, id: str, *types: str) -> None:
        """Wait until each of `types` has happened to a request."""

        async def there() -> bool:
            said = await self.types(id)
            return all(said.count(each) >= types.count(each) for each in types)

        await until(there, 20)

    async def ready(self) -> None:
        """Wait until dispatch answers and has caught up."""

        async def answers() -> bool:
            try:
                return (await self.desk.get("/readyz")).status == 200
            except OSError:
                return False

        await until(answers, 40)


@contextmanager
def _dispatch(stack: Stack, folder: Path) -> Iterator[Dispatch]:
    found = Dispatch(stack, folder / "ahead")
    found.ahead.write_text("0")
    found.start()
    try:
        yield found
    finally:
        found.kill()


@asynccontextmanager
async def week(folder: Path) -> AsyncIterator[Week]:
    """The stack, at half past eight on Monday."""
    with ephemeral(OTHERS) as stack:
        described = stack.up()
        with _dispatch(stack, folder) as dispatch:
            services = {**described.services, "dispatch": stack.site.service_url("dispatch")}
            async with community(described.model_copy(update={"services": services})) as shaba:
                today = datetime.now(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)
                monday = today + timedelta(days=7 - today.weekday())
                found = Week(shaba, dispatch, monday.astimezone(UTC))
                await found.ready()
                found.set(0, 8.5)
                yield found
