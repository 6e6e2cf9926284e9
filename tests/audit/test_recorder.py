"""Every event of every source once, in order, whatever is cut off in between and whoever else writes."""

from __future__ import annotations

import asyncio
import random

import pytest

from shared.kernel.canonical import decode_object, encode
from shared.kernel.cloudevent import CloudEvent, parse
from shared.runtime.follower import SourceStopped
from shared.runtime.mongo import Database
from tests.support.auditing import archive, origins
from tests.support.following import running
from tests.support.waiting import until


def ids(events: list[CloudEvent]) -> list[str]:
    return [event.id for event in events]


async def test_entries_say_what_was_said_in_order(database: Database) -> None:
    async with archive(database) as a, origins(database, "dispatch") as (dispatch,):
        said = await dispatch.speak(1, 3, 2)
        await a.recorder.record(said)
        stored = await a.stored()
        assert [entry["seq"] for entry in stored] == list(range(6))
        for entry, event in zip(stored, said, strict=True):
            leaf = decode_object(entry["leaf"])
            assert encode(leaf["event"]) == event.raw
            assert (leaf["seq"], entry["type"], entry["stream"]) == (entry["seq"], event.type, event.stream)
        await a.assert_intact(6)


async def test_an_unknown_type_is_recorded_like_any_other(database: Database) -> None:
    async with archive(database) as a, origins(database, "dispatch") as (dispatch,):
        said = await dispatch.speak(1)
        assert said[0].type == "thing-happened"
        await a.recorder.record(said)
        assert await a.recorded("dispatch") == ids(said)


async def test_what_comes_again_is_recorded_once(database: Database) -> None:
    async with archive(database) as a, origins(database, "dispatch") as (dispatch,):
        said = await dispatch.speak(*[2] * 10)
        await a.recorder.record(said[:12])
        await a.recorder.record(said[4:12])
        await a.recorder.record(said[3:])
        await a.recorder.seen_again(said)
        assert await a.recorded("dispatch") == ids(said)
        await a.assert_intact(20)
        assert a.recorder.stopped == {}


@pytest.mark.parametrize("recorded", [1, 4, 20])
async def test_a_crash_between_entries_and_position_records_nothing_twice(
    database: Database, recorded: int
) -> None:
    async with origins(database, "dispatch") as (dispatch,):
        said = await dispatch.speak(*[2] * 10)
        async with archive(database) as before:
            await before.recorder.record(said[:recorded])  # and no position is kept of it
        async with archive(database) as a:
            follower = a.follower(dispatch=dispatch.log)
            await follower.load()
            await follower.take(said[:5])
            async with running(follower):
                await until(lambda: not follower.is_behind("dispatch"))
            assert await a.recorded("dispatch") == ids(said)
            await a.assert_intact(20)


async def test_a_crash_between_entries_and_the_kept_tip_loses_neither(database: Database) -> None:
    async with origins(database, "dispatch", "registry") as (dispatch, registry):
        said = await dispatch.speak(*[1] * 700)
        async with archive(database) as before:
            await before.recorder.record(await registry.speak(3))
            kept = await before.entries.tip()
            await before.recorder.record(said)
            await before.entries.keep_tip(kept)  # as if the process had ended just before
        async with archive(database) as a:
            assert (await a.recorder.head()).size == 703
            await a.recorder.record(await registry.speak(1))
            await a.assert_intact(704)
            assert (await a.entries.tip()).head.size == 704


async def test_a_restart_goes_on_where_the_log_ended(database: Database) -> None:
    async with origins(database, "dispatch", "registry") as (dispatch, registry):
        for _ in range(3):
            async with archive(database) as a:
                await a.recorder.record(await dispatch.speak(1, 2))
                await a.recorder.record(await registry.speak(1))
        async with archive(database) as a:
            await a.assert_intact(12)
            assert await a.recorded("dispatch") == ids(await dispatch.events())


async def test_two_writers_make_one_log(database: Database) -> None:
    services = ("dispatch", "registry", "notify")
    async with archive(database) as a, archive(database) as b, origins(database, *services) as sources:
        said = {source.service: await source.speak(*[2] * 30) for source in sources}
        chance = random.Random(7)

        async def write(recorder_of: str, service: str) -> None:
            recorder = {"a": a, "b": b}[recorder_of].recorder
            start = 0
            while start < 60:
                step = chance.randint(1, 9)
                await recorder.record(said[service][start : start + step])
                start += step

        await asyncio.gather(*(write(who, service) for who in "ab" for service in services))
        for service in services:
            assert await a.recorded(service) == ids(said[service])
        await a.assert_intact(180)
        await b.assert_intact(180)
        assert a.recorder.stopped == b.recorder.stopped == {}


async def test_a_writer_that_stood_by_knows_the_head_of_the_other(database: Database) -> None:
    async with archive(database) as a, archive(database) as b, origins(database, "dispatch") as (dispatch,):
        await a.recorder.record(await dispatch.speak(1, 1))
        assert await b.recorder.head() == await a.recorder.head()
        assert (await b.recorder.head()).size == 2


async def test_a_gap_is_never_recorded(database: Database) -> None:
    async with archive(database) as a, origins(database, "dispatch") as (dispatch,):
        said = await dispatch.speak(1, 1, 1)
        with pytest.raises(SourceStopped, match="not-contiguous"):
            await a.recorder.record([said[0], said[2]])
        assert await a.recorded("dispatch") == []


async def test_bytes_that_are_not_canonical_are_recorded_in_their_canonical_form(database: Database) -> None:
    async with archive(database) as a, origins(database, "dispatch") as (dispatch,):
        said = await dispatch.speak(1, 1)
        await a.recorder.record([parse(b" " + said[0].raw + b"\n"), said[1]])
        await a.recorder.seen_again(said)
        assert a.recorder.stopped == {}
        await a.assert_intact(2)


async def test_a_log_without_its_kept_head_is_not_written_on(database: Database) -> None:
    async with origins(database, "dispatch") as (dispatch,):
        said = await dispatch.speak(*[1] * 5)
        async with archive(database) as before:
            await before.recorder.record(said[:4])
        await database["entries"].delete_one({"seq": 3})
        async with archive(database) as a:
            with pytest.raises(SourceStopped, match="log-damaged"):
                await a.recorder.record(said[3:])
            assert len(await a.stored()) == 3


async def test_an_entry_of_nobodys_in_the_way_stops_the_log(database: Database) -> None:
    async with archive(database) as a, origins(database, "dispatch") as (dispatch,):
        said = await dispatch.speak(1, 1, 1)
        await a.recorder.record(said[:2])
        await database["entries"].insert_one({"_id": "dispatch@000000000009.0000", "seq": 2, "leaf": b"{}"})
        with pytest.raises(SourceStopped, match="log-damaged"):
            await a.recorder.record(said[2:])
        assert set(a.recorder.stopped.values()) == {"log-damaged"}


async def test_of_what_a_filter_finds_far_apart_every_page_is_full(database: Database) -> None:
    async with archive(database) as a, origins(database, "dispatch") as (dispatch,):
        said = await dispatch.speak(*[1] * 400)
        for start in range(0, 400, 100):
            await a.recorder.record(said[start : start + 100])
        head = await a.recorder.head()
        only = {"stream": said[390].stream}
        found, more = await a.entries.page(-1, head, 1, only)
        assert ([entry["seq"] for entry in found], more) == ([390], False)
        seqs: list[int] = []
        after, more = -1, True
        while more:
            found, more = await a.entries.page(after, head, 7, {"type": "thing-happened"})
            seqs += [entry["seq"] for entry in found]
            after = seqs[-1]
        assert seqs == list(range(400))
