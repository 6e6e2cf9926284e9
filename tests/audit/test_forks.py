"""A source that says something else where it had spoken is stopped, on record, and alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from services.audit.domain.chain import chained, leaf_hash
from shared.events.audit import SourceForked
from shared.kernel.canonical import decode_object, encode
from shared.kernel.cloudevent import CloudEvent, parse
from shared.runtime.follower import SourceStopped
from shared.runtime.mongo import Database
from shared.runtime.source import Source
from tests.support.auditing import Archive, Origin, archive, origins
from tests.support.following import running
from tests.support.waiting import until


def ids(events: list[CloudEvent]) -> list[str]:
    return [event.id for event in events]


def with_other_data(event: CloudEvent) -> CloudEvent:
    """The same event, by its id and place, that says something else."""
    return parse(encode({**decode_object(event.raw), "data": {**event.data, "community": "other"}}))


def with_other_id(event: CloudEvent) -> CloudEvent:
    return parse(encode({**decode_object(event.raw), "id": "another"}))


async def assert_forked(a: Archive, recorded: CloudEvent, other: str) -> None:
    """audit's own log says so, once."""
    assert a.recorder.stopped == {"dispatch": "forked"}
    (stored,) = await a.store.stream("source-dispatch")
    assert stored.type == "source-forked"
    fork = SourceForked.model_validate(stored.data)
    assert fork == a.forks.found["dispatch"]
    assert (fork.source, fork.recorded_event, fork.other_event) == ("dispatch", recorded.id, other)


@pytest.mark.parametrize("change", [with_other_data, with_other_id])
async def test_a_place_that_comes_again_with_other_bytes_is_a_fork(
    database: Database, change: Callable[[CloudEvent], CloudEvent]
) -> None:
    async with archive(database) as a, origins(database, "dispatch") as (dispatch,):
        said = await dispatch.speak(1, 2, 1)
        await a.recorder.record(said[:3])
        other = change(said[1])
        with pytest.raises(SourceStopped, match="forked"):
            await a.recorder.record([said[0], other, *said[2:]])
        assert await a.recorded("dispatch") == ids(said[:3])
        await assert_forked(a, said[1], other.id)


async def test_a_fork_stops_its_source_only_and_outlives_a_restart(database: Database) -> None:
    async with origins(database, "dispatch", "registry") as (dispatch, registry):
        said = await dispatch.speak(1, 1, 1)
        async with archive(database) as a:
            follower = a.follower(dispatch=dispatch.log, registry=registry.log)
            await follower.load()
            await follower.take([*said[:2], with_other_id(said[1])])
            await assert_forked(a, said[1], "another")
            assert follower.standing("dispatch") == "forked"
        async with archive(database) as a:
            await assert_forked(a, said[1], "another")
            follower = a.follower(dispatch=dispatch.log, registry=registry.log)
            await follower.load()
            more = await registry.speak(1, 2)
            async with running(follower):
                await follower.take([said[2], *more])
                await until(lambda: follower.standing("registry") == "followed")
                await until(lambda: follower.standing("dispatch") == "forked")
            assert await a.recorded("dispatch") == ids(said[:2])
            assert await a.recorded("registry") == ids(more)
            assert follower.place("dispatch").pos == 2
            await assert_forked(a, said[1], "another")
            await a.assert_intact(5)


@dataclass
class Restored:
    """A source whose log can be put in another's place, as when its store is restored from elsewhere."""

    log: Source

    async def read(self, after: int) -> list[CloudEvent]:
        return await self.log.read(after)


async def test_a_log_that_was_replaced_is_noticed_at_the_start(database: Database) -> None:
    async with (
        origins(database, "dispatch") as (dispatch,),
        origins(database, "dispatch", life="2") as (other,),
    ):
        said, others = await dispatch.speak(1, 2), await other.speak(1, 2, 1)
        async with archive(database) as a:
            await catch_up(a, dispatch)
        async with archive(database) as a:
            follower = a.follower(dispatch=other.log)
            await follower.load()
            async with running(follower):
                await until(lambda: follower.standing("dispatch") == "forked")
            assert await a.recorded("dispatch") == ids(said)
            await assert_forked(a, said[1], others[1].id)


async def catch_up(a: Archive, dispatch: Origin) -> None:
    follower = a.follower(dispatch=dispatch.log)
    await follower.load()
    async with running(follower):
        await until(lambda: follower.standing("dispatch") == "followed")


async def test_a_log_that_was_replaced_is_noticed_by_the_heartbeat(database: Database) -> None:
    async with (
        archive(database) as a,
        origins(database, "dispatch") as (dispatch,),
        origins(database, "dispatch", life="2") as (other,),
    ):
        said, _ = await dispatch.speak(1, 1), await other.speak(1, 1)
        source = Restored(dispatch.log)
        follower = a.follower(dispatch=source)
        await follower.load()
        async with running(follower):
            await until(lambda: follower.standing("dispatch") == "followed")
            source.log = other.log
            await until(lambda: follower.standing("dispatch") == "forked")
        assert await a.recorded("dispatch") == ids(said)


async def test_a_log_that_lost_its_end_is_behind_until_it_says_something_else(database: Database) -> None:
    async with (
        archive(database) as a,
        origins(database, "dispatch") as (dispatch,),
        origins(database, "dispatch", life="2") as (shorter,),
    ):
        said = await dispatch.speak(1, 1, 1)
        await shorter.speak(1)
        source = Restored(dispatch.log)
        follower = a.follower(dispatch=source)
        await follower.load()
        async with running(follower):
            await until(lambda: follower.standing("dispatch") == "followed")
            source.log = shorter.log
            await until(lambda: follower.standing("dispatch") == "behind")
            await shorter.speak(1, 1)
            await until(lambda: follower.standing("dispatch") == "forked")
        assert await a.recorded("dispatch") == ids(said)


async def test_an_honest_source_is_not_forked_by_what_comes_twice(database: Database) -> None:
    async with archive(database) as a, origins(database, "dispatch") as (dispatch,):
        said = await dispatch.speak(*[2] * 20)
        follower = a.follower(dispatch=dispatch.log)
        await follower.load()
        async with running(follower):
            for start in range(0, 40, 3):
                await follower.take(said[max(start - 5, 0) : start + 9])
            await follower.take(said)
            await until(lambda: follower.standing("dispatch") == "followed")
        assert await a.recorded("dispatch") == ids(said)
        assert a.recorder.stopped == {}


async def test_two_who_notice_a_fork_at_once_report_it_once(database: Database) -> None:
    async with archive(database) as a, archive(database) as b, origins(database, "dispatch") as (dispatch,):
        said = await dispatch.speak(1)
        await a.recorder.record(said)
        other = with_other_id(said[0])
        results = await asyncio.gather(
            *(each.recorder.seen_again([other]) for each in (a, b)), return_exceptions=True
        )
        assert [type(result) for result in results] == [SourceStopped, SourceStopped]
        await assert_forked(a, said[0], "another")
        await assert_forked(b, said[0], "another")


def leaf_only(entry: dict[str, Any], _: bytes) -> None:
    entry["leaf"] = entry["leaf"].replace(b"thing-happened", b"other-happened")


def leaf_and_hashes(entry: dict[str, Any], before: bytes) -> None:
    leaf_only(entry, before)
    entry["leaf_hash"] = leaf_hash(entry["leaf"])
    entry["chain"] = chained(before, entry["leaf_hash"])


def leaf_gone(entry: dict[str, Any], _: bytes) -> None:
    entry["leaf"] = None


@pytest.mark.parametrize("alter", [leaf_only, leaf_and_hashes, leaf_gone])
async def test_a_source_is_not_accused_of_what_was_done_to_the_log(
    database: Database, alter: Callable[[dict[str, Any], bytes], None]
) -> None:
    async with archive(database) as a, origins(database, "dispatch") as (dispatch,):
        said = await dispatch.speak(1, 1, 1)
        await a.recorder.record(said)
        stored = await a.stored()
        alter(stored[1], stored[0]["chain"])
        await database["entries"].replace_one({"_id": stored[1]["_id"]}, stored[1])
        await a.recorder.seen_again(said)
        assert a.recorder.stopped == {}
        assert await a.store.head() == 0
