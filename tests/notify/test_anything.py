"""Whatever is done to an endpoint, in any order: what it is to be told is told, or given up on record."""

from __future__ import annotations

import random
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from shared.runtime.mongo import Database
from shared.runtime.settings import NotifySettings
from tests.notify.test_holding import register
from tests.support.notifying import UNIT, Notify, Partner, Spoken, notify, partner_system
from tests.support.reckoning import reckoned
from tests.support.waiting import until

STEPS = 60
MOODS = {
    "well": [204],
    "ill": [204, 500, 503, 429, 204],
    "refusing": [400, 204],
    "down": [503],
    "gone": [410],
}


@dataclass
class Moody:
    """What a partner's system answers, at random, and what it took."""

    chance: random.Random
    mood: str = "well"
    taken: set[str] = field(default_factory=set)

    def answer(self, id: str) -> web.Response:
        status = self.chance.choice(MOODS[self.mood])
        if status == 204:
            self.taken.add(id)
        if self.mood == "gone":
            self.mood = "well"
        return web.Response(status=status)


class Run:
    """One endpoint, and what was done to it."""

    def __init__(self, settings: NotifySettings, database: Database, seed: int, partner: Partner) -> None:
        self.chance = random.Random(seed)
        self.settings = settings.model_copy(update={"retry_schedule": [0.05] * 4, "probe_seconds": 0.05})
        self.database = database
        self.partner = partner
        self.moody = Moody(self.chance)
        partner.answering = self.moody.answer
        self.spoken = Spoken()
        self.told: list[str] = []
        self.excused: set[str] = set()
        self.endpoint = ""
        self.may_be_held = False
        self._process = AsyncExitStack()
        self.running: Notify

    async def start(self) -> None:
        self.running = await self._process.enter_async_context(notify(self.settings))

    async def stop(self) -> None:
        await self._process.aclose()

    async def call(self, verb: str, body: object = None) -> int:
        path = f"/v1/endpoints/{self.endpoint}/{verb}"
        status, answer = await self.running.call("POST", path, self.running.token(), body)
        assert status in (200, 409), answer
        return status

    async def say(self) -> None:
        events = self.spoken.volunteers(self.chance.randrange(1, 8))
        self.told += [event.id for event in events]
        await self.running.hears(events)

    async def change_mood(self) -> None:
        self.moody.mood = self.chance.choice([*MOODS])
        self.may_be_held |= self.moody.mood == "gone"

    async def pause(self) -> None:
        self.may_be_held = True
        await self.call("pause")

    async def resume(self) -> None:
        await self.call("resume", {"backlog": "send"})
        self.may_be_held = self.moody.mood == "gone"

    async def skip(self) -> None:
        await self.call("resume", {"backlog": "skip"})
        if self.may_be_held:
            self.excused |= set(self.told)
        self.may_be_held = False

    async def cancel(self) -> None:
        if self.told and await self.call(f"deliveries/{(id := self.chance.choice(self.told))}/cancel") == 200:
            self.excused.add(id)

    async def resend(self) -> None:
        if self.told:
            await self.call(f"deliveries/{(id := self.chance.choice(self.told))}/resend")
            self.excused.discard(id)

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def progress(self) -> None:
        """Let it send something, if it can."""
        if (await self._shown())["status"] == "active" and self.moody.mood == "well":
            await until(self._is_quiet)

    async def _shown(self) -> dict[str, Any]:
        path = f"/v1/endpoints/{self.endpoint}"
        _, found = await self.running.call("GET", path, self.running.token())
        shown: dict[str, Any] = found
        return shown

    async def _is_quiet(self) -> bool:
        if (await self._shown())["status"] != "active":
            return True
        return await self.running.deliveries(f"endpoint={self.endpoint}&state=pending") == []

    async def come_to_an_end(self) -> None:
        """Resumed, with a receiver that takes everything, until nothing is pending."""
        self.moody.mood = "well"
        await until(self._is_over, 40)

    async def _is_over(self) -> bool:
        if (await self._shown())["status"] != "active":
            await self.resume()
            return False
        return await self._is_quiet()


DOINGS = [
    *(Run.say, Run.say, Run.say, Run.say, Run.change_mood, Run.change_mood, Run.pause, Run.pause, Run.resume),
    *(Run.resume, Run.skip, Run.cancel, Run.resend, Run.resend, Run.progress, Run.progress, Run.restart),
]


@pytest.mark.parametrize(("seed", "ordered"), [(21, True), (24, False), (26, False), (33, True)])
async def test_what_is_wanted_and_neither_cancelled_nor_skipped_was_taken_or_is_on_record_as_given_up(
    settings: NotifySettings, database: Database, seed: int, ordered: bool
) -> None:
    async with partner_system() as partner:
        run = Run(settings, database, seed, partner)
        await run.start()
        try:
            run.endpoint, _ = await register(
                run.running, partner.url, ordered=ordered, events=["volunteer-*"]
            )
            for _ in range(STEPS):
                await run.chance.choice(DOINGS)(run)
            await run.come_to_an_end()
            states = {str(each["event"]): str(each["state"]) for each in await run.running.deliveries()}
            given_up = {id for id, state in states.items() if state == "exhausted"}
            assert set(run.told) - run.excused - run.moody.taken - given_up == set()
            assert {id for id, state in states.items() if state == "delivered"} <= run.moody.taken
            reckoning = await reckoned(
                database,
                run.endpoint,
                UNIT,
                lambda message: message.type == "endpoint-disabled" or message.id in run.excused,
            )
            assert reckoning["failed"] == len(given_up)
            assert reckoning["held"] == 0
        finally:
            await run.stop()
