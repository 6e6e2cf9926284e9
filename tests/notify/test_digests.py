"""What people are told: gathered, in peace at night, at once where it is urgent, and never twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.endpoint import ENDPOINT
from services.notify.endpoints import Endpoint
from services.notify.engine.composing import CHINA, DIGEST, MOST, Composer, is_due
from services.notify.engine.fanout import letters_of
from services.notify.letters import Message
from services.notify.messages import Messages
from shared.events.notify import EndpointRegistered
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.times import format_time
from shared.runtime.mongo import Database
from shared.runtime.settings import NotifySettings
from tests.notify.test_email import mail_server
from tests.notify.test_robots import RobotHost
from tests.notify.test_robots import host as _host
from tests.support.notifying import UNIT, Notify, Spoken, notify
from tests.support.waiting import until

host = _host
ENDPOINT_ID = "endpoint-people"
PER_MINUTE = 20


def at(hour: int, minute: int = 0, day: int = 24) -> datetime:
    """A moment of China's clock."""
    return datetime(2026, 11, day, hour, minute, tzinfo=CHINA)


def facts(**more: Any) -> EndpointRegistered:
    told = {"unit": UNIT, "events": ("*",), "details": "-", "channel": "email", "community": "shaba"}
    return EndpointRegistered(**{**told, **more})


def endpoint(**more: Any) -> Endpoint:
    state = ENDPOINT.fold.evolve(ENDPOINT.fold.initial, facts(**more))
    return Endpoint(ENDPOINT_ID, state, 1, "2026-11-24T00:00:00.000Z")


class Desk:
    """A composer on a store of its own, whose clock is set by hand."""

    def __init__(self, messages: Messages) -> None:
        self.messages = messages
        self.now = datetime.now(UTC)
        self.idle = True
        self.spoken = Spoken()
        self.composer = self.composer_anew()

    def composer_anew(self) -> Composer:
        """As after a restart."""
        self.composer = Composer(None, self.messages, lambda _: self.idle, lambda: self.now)  # type: ignore[arg-type]
        return self.composer

    async def happen(self, *types: str) -> list[str]:
        """Events of these types, put into the unit's box; their ids."""
        events = [self.event(type) for type in types]
        await self.messages.put([letter for event in events for letter in letters_of(event)])
        return [event.id for event in events]

    def event(self, type: str) -> CloudEvent:
        return self.spoken.say(type, f"{type}-{len(self.spoken.commits)}", units=[UNIT], unit=UNIT)

    async def told(self) -> list[Message]:
        return await self.messages.read(ENDPOINT_ID, 0, 500)


@pytest.fixture
async def desk(database: Database) -> Desk:
    found = Desk(Messages(database))
    await found.messages.open()
    return found


def ids_in(message: Message) -> list[str]:
    return [str(json.loads(body)["id"]) for body in message.bodies]


async def test_what_waits_is_gathered_when_the_minutes_are_over(desk: Desk) -> None:
    people = endpoint(digest_minutes=10)
    ids = await desk.happen("service-published", "volunteer-registered", "unit-amended")
    await desk.composer.compose(people)
    assert await desk.told() == []
    desk.now += timedelta(minutes=10, seconds=5)
    await desk.composer.compose(people)
    await desk.composer.compose(people)
    [digest] = await desk.told()
    assert (digest.type, ids_in(digest), digest.more) == (DIGEST, ids, 0)


async def test_one_alone_is_no_digest(desk: Desk) -> None:
    [id] = await desk.happen("service-published")
    await desk.composer.compose(endpoint())
    [message] = await desk.told()
    assert (message.id, message.type, ids_in(message)) == (id, "service-published", [id])


async def test_of_very_many_a_digest_says_how_many_more_there_are(desk: Desk) -> None:
    await desk.happen(*["service-published"] * (MOST + 7))
    await desk.composer.compose(endpoint())
    [digest] = await desk.told()
    assert (len(digest.bodies), digest.more) == (MOST, 7)


async def test_what_is_urgent_passes_at_once_and_is_told_once(desk: Desk) -> None:
    people = endpoint(digest_minutes=60, urgent=("service-*",))
    ids = await desk.happen(
        "volunteer-registered", "service-published", "volunteer-registered", "service-published"
    )
    await desk.composer.compose(people)
    assert [ids_in(message) for message in await desk.told()] == [[ids[1]], [ids[3]]]
    desk.now += timedelta(hours=2)
    await desk.composer.compose(people)
    assert [ids_in(message) for message in await desk.told()][2:] == [[ids[0], ids[2]]]


@pytest.mark.parametrize("said", [{"priority": "stat"}, {"priority": "urgent"}, {"urgent": True}])
async def test_what_says_itself_that_it_is_urgent_waits_for_no_digest(
    desk: Desk, said: dict[str, Json]
) -> None:
    people = endpoint(digest_minutes=60)
    routine: dict[str, Json] = {"priority": "routine"}
    events = [
        desk.spoken.say("request-created", f"request-{number}", units=[UNIT], **more)
        for number, more in enumerate((routine, said))
    ]
    await desk.messages.put([letter for event in events for letter in letters_of(event)])
    await desk.composer.compose(people)
    assert [ids_in(message) for message in await desk.told()] == [[events[1].id]]


async def test_while_it_waits_for_its_moment_nothing_is_read_again(database: Database) -> None:
    growing = Growing(database)
    await growing.open()
    desk, read = Desk(growing), list[str]()
    people = endpoint(digest_at="08:00")
    await desk.happen("service-published")
    await desk.composer.compose(people)

    async def seen() -> None:
        read.append("read")

    growing.grow = seen
    await desk.composer.compose(people)
    await desk.happen("service-published")
    growing.grow = None
    assert read == []


async def test_after_a_restart_nothing_urgent_is_told_again_and_nothing_is_held_up(desk: Desk) -> None:
    people = endpoint(digest_minutes=60, urgent=("service-*",))
    first = await desk.happen(*["service-published"] * 3)
    await desk.composer.compose(people)
    desk.messages.forget()
    desk.composer_anew()
    second = await desk.happen("service-published")  # so that the store need not be looked at again
    await desk.composer.compose(people)
    assert [ids_in(message) for message in await desk.told()] == [[id] for id in first + second]


async def test_what_becomes_urgent_while_it_waits_is_told(desk: Desk) -> None:
    ids = await desk.happen("service-published", "volunteer-registered")
    await desk.composer.compose(endpoint(digest_minutes=60, urgent=("unit-*",)))
    await desk.composer.compose(endpoint(digest_minutes=60, urgent=("service-*",)))
    assert [ids_in(message) for message in await desk.told()] == [[ids[0]]]


async def test_while_the_channel_is_busy_what_comes_is_gathered(desk: Desk) -> None:
    people, ids = endpoint(), []
    for _ in range(10):
        desk.idle = False
        ids += await desk.happen("service-published", "volunteer-registered")
        await desk.composer.compose(people)
    assert await desk.told() == []
    desk.idle = True
    await desk.composer.compose(people)
    [digest] = await desk.told()
    assert ids_in(digest) == ids


class Growing(Messages):
    """A box that grows between the look at its end and the reading of it."""

    grow: Callable[[], Awaitable[object]] | None = None

    async def read(self, box: str, after: int, limit: int, bodies: bool = True) -> list[Message]:
        grow, self.grow = self.grow, None
        if grow is not None:
            await grow()
        return await super().read(box, after, limit, bodies)


async def test_what_comes_while_a_digest_is_made_is_told_once(database: Database) -> None:
    growing = Growing(database)
    await growing.open()
    desk = Desk(growing)
    ids = await desk.happen("service-published", "service-published")

    async def grow() -> None:
        ids.extend(await desk.happen("service-published"))

    growing.grow = grow
    await desk.composer.compose(endpoint())
    await desk.composer.compose(endpoint())
    assert Counter(id for message in await desk.told() for id in ids_in(message)) == Counter(ids)
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (at(21, 59), True),
        (at(22), False),
        (at(23, 30), False),
        (at(3), False),
        (at(6, 59), False),
        (at(7), True),
    ],
)
def test_at_night_people_are_left_in_peace(now: datetime, due: bool) -> None:
    night = facts(quiet_from="22:00", quiet_until="07:00")
    assert is_due(night, format_time(at(12, day=23)), now) == due


@pytest.mark.parametrize(
    ("now", "due"), [(at(11, 59), True), (at(12), False), (at(13, 59), False), (at(14), True)]
)
def test_quiet_hours_can_be_at_noon(now: datetime, due: bool) -> None:
    assert is_due(facts(quiet_from="12:00", quiet_until="14:00"), format_time(at(8)), now) == due


@pytest.mark.parametrize(
    ("since", "now", "due"),
    [
        (at(7), at(7, 59), False),
        (at(7), at(8), True),
        (at(8), at(8, 1), False),
        (at(8), at(7, 59, 25), False),
        (at(8), at(8, 0, 25), True),
        (at(23, 59), at(8, 0, 25), True),
    ],
)
def test_a_daily_digest_comes_at_its_hour(since: datetime, now: datetime, due: bool) -> None:
    assert is_due(facts(digest_at="08:00"), format_time(since), now) == due


CLOCKS = st.times().map(lambda time: time.strftime("%H:%M"))


@given(
    digest=st.one_of(
        st.just({}),
        st.integers(1, 1440).map(lambda minutes: {"digest_minutes": minutes}),
        CLOCKS.map(lambda clock: {"digest_at": clock}),
    ),
    quiet=st.one_of(st.none(), st.tuples(CLOCKS, CLOCKS)),
    since=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC)),
)
def test_whatever_is_asked_for_people_are_told_within_three_days(
    digest: dict[str, Json], quiet: tuple[str, str] | None, since: datetime
) -> None:
    hours = {} if quiet is None else {"quiet_from": quiet[0], "quiet_until": quiet[1]}
    asked = facts(**digest, **hours)
    moments = [since + timedelta(minutes=minutes) for minutes in range(3 * 1440)]
    assert any(is_due(asked, format_time(since), now) for now in moments)


async def test_a_hundred_events_are_folded_into_few_robot_messages_at_twenty_a_minute(
    running: Notify, host: RobotHost
) -> None:
    url = f"{host.url}/cgi-bin/webhook/send?key=k-1"
    body = {"unit": UNIT, "channel": "wecom", "url": url, "events": ["*"], "language": "en"}
    status, answer = await running.call("POST", "/v1/endpoints", running.token(), body)
    assert status == 201, answer
    assert answer["secret"] is None
    spoken = Spoken()
    for _ in range(10):
        await running.hears(spoken.volunteers(10))
    await until(lambda: _spoken_of(host) == 100)
    assert len(host.received) <= 10 < PER_MINUTE


async def test_what_a_unit_is_told_by_mail_goes_through_the_deployment_s_own_server(
    settings: NotifySettings,
) -> None:
    async with mail_server() as server:
        by_mail = {"smtp_url": f"smtp://127.0.0.1:{server.port}", "smtp_from": "linli@shaba.example"}
        told = NotifySettings.model_validate({**settings.model_dump(), **by_mail})
        async with notify(told) as running:
            body = {
                "unit": UNIT,
                "channel": "email",
                "email": "mei@health.example",
                "events": ["volunteer-*"],
            }
            status, answer = await running.call("POST", "/v1/endpoints", running.token(), body)
            assert status == 201, answer
            await running.hears(events := Spoken().volunteers(5))
            await until(lambda: _is_delivered(running))
            [outcome] = await running.outcomes()
            assert outcome["events"] == [event.id for event in events]
            [delivery] = await running.deliveries()
            assert (delivery["type"], delivery["last_status"]) == (DIGEST, 250)
            assert len(server.mails) == 1
            assert server.envelopes[0].rcpt_tos == ["mei@health.example"]


async def _is_delivered(running: Notify) -> bool:
    return await running.states() == ["delivered"]


def _spoken_of(host: RobotHost) -> int:
    """How many events the robot's messages speak of."""
    count = 0
    for _, body in host.received:
        title, *_ = str(body["markdown"]["content"]).split("\n\n")
        said = [word for word in title.split() if word.isdigit()]
        count += int(said[0]) if said else 1
    return count
