"""What waits for an endpoint, new or again: each is handed out in order, none twice while it is in hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.notify.deliveries import Deliveries
from services.notify.engine.fanout import letters_of
from services.notify.engine.fresh import Fresh
from services.notify.engine.rate import MINUTE_S, Rate
from services.notify.engine.retries import Retries
from services.notify.letters import Message
from services.notify.messages import Messages
from services.notify.progress import Standing
from shared.events.notify import DeliveryResent, Failed
from shared.kernel.times import format_time, to_milliseconds
from shared.runtime.mongo import Database, StoreUnavailable
from tests.support.notifying import UNIT, Spoken

ENDPOINT = "endpoint-1"


class Breaking(Messages):
    """A box that cannot be read for now."""

    broken = False

    async def of_numbers(self, box: str, numbers: Sequence[int], bodies: bool = True) -> dict[int, Message]:
        if self.broken:
            raise StoreUnavailable("for now")
        return await super().of_numbers(box, numbers, bodies)


@pytest.fixture
async def messages(database: Database) -> Breaking:
    """A box with ten messages."""
    found = Breaking(database)
    await found.open()
    await found.put([letter for event in Spoken().volunteers(10) for letter in letters_of(event)])
    return found


@pytest.fixture
async def deliveries(database: Database) -> Deliveries:
    found = Deliveries(database)
    await found.open()
    return found


@pytest.fixture
async def fresh(messages: Breaking, deliveries: Deliveries) -> Fresh:
    found = Fresh(ENDPOINT, UNIT, messages, deliveries, lambda _: True, Standing())
    await found.open()
    return found


async def rest(fresh: Fresh) -> list[int]:
    """The numbers of all that is handed out."""
    numbers = []
    while (message := await fresh.take()) is not None:
        numbers.append(message.number)
    return numbers


async def taken(fresh: Fresh) -> Message:
    message = await fresh.take()
    assert message is not None
    return message


async def test_what_could_not_be_tried_comes_first_and_in_order_also_after_a_pause(fresh: Fresh) -> None:
    first, second, third, fourth = [await taken(fresh) for _ in range(4)]
    fresh.settled(second.number)
    for message in (fourth, first, third):
        fresh.put_back(message)
    fresh.forget()
    assert fresh.some
    assert await rest(fresh) == [1, 3, 4, 5, 6, 7, 8, 9, 10]


async def test_what_is_done_moves_on_only_over_what_is_on_record(
    messages: Breaking, deliveries: Deliveries
) -> None:
    standing = Standing()
    fresh = Fresh(ENDPOINT, UNIT, messages, deliveries, lambda message: message.number != 2, standing)
    await fresh.open()
    assert await rest(fresh) == [1, 3, 4, 5, 6, 7, 8, 9, 10]
    moved = []
    for number in (3, 1, 5, 4):
        fresh.settled(number)
        moved.append(standing.done)
    assert moved == [0, 3, 3, 5]


async def test_what_was_put_back_can_be_cancelled_and_passed_over(fresh: Fresh) -> None:
    for message in [await taken(fresh) for _ in range(3)]:
        fresh.put_back(message)
    fresh.cancel(2)
    fresh.pass_over(1)
    assert await rest(fresh) == [3, 4, 5, 6, 7, 8, 9, 10]


def failed(number: int, message: str = "event-1", attempt: int = 1) -> Failed:
    now = to_milliseconds(datetime.now(UTC))
    return Failed(
        message=message,
        type="volunteer-registered",
        endpoint=ENDPOINT,
        box=UNIT,
        unit=UNIT,
        channel="webhook",
        number=number,
        attempt=attempt,
        at=now,
        took_ms=1,
        error="status",
        step=1,
        next_at=now,
    )


async def handed_out(retries: Retries) -> int | None:
    found = await retries.take()
    return None if found is None else found[0].number


async def test_a_retry_whose_message_cannot_be_read_is_not_forgotten(
    messages: Breaking, deliveries: Deliveries
) -> None:
    await deliveries.settle(1, [failed(1)])
    retries = Retries(ENDPOINT, UNIT, deliveries, messages)
    retries.open()
    messages.broken = True
    with pytest.raises(StoreUnavailable):
        await retries.take()
    messages.broken = False
    assert [await handed_out(retries), await handed_out(retries)] == [1, None]


async def test_what_is_asked_for_while_it_is_in_hand_is_handed_out_when_it_is_back(
    messages: Breaking, deliveries: Deliveries
) -> None:
    retries = Retries(ENDPOINT, UNIT, deliveries, messages)
    retries.in_hand.add(1)
    now = format_time(datetime.now(UTC))
    resent = DeliveryResent(
        community="shaba", unit=UNIT, box=UNIT, message="event-1", message_type="unit-amended", number=1
    )
    await deliveries.resent(7, ENDPOINT, resent, now)
    retries.expect(now)
    assert await handed_out(retries) is None
    retries.release(1)
    assert await handed_out(retries) == 1


async def test_a_failure_brings_back_nothing_that_was_cancelled_or_delivered_meanwhile(
    database: Database, deliveries: Deliveries
) -> None:
    for number, state in ((1, "cancelled"), (2, "delivered"), (3, "pending")):
        await deliveries.settle(1, [failed(number)])
        await database["deliveries"].update_one({"number": number}, {"$set": {"state": state}})
    await deliveries.settle(2, [failed(number, attempt=2) for number in (1, 2, 3)])
    found = await deliveries.of_numbers(ENDPOINT, [1, 2, 3])
    assert [found[number]["state"] for number in (1, 2, 3)] == ["cancelled", "delivered", "pending"]


@pytest.mark.parametrize("later", [7, 3, 9])
def test_in_no_minute_go_more_than_are_allowed_also_when_that_changes(later: int) -> None:
    rate, now, went = Rate(7), 0.0, list[float]()
    for step in range(60):
        if step == 20:
            rate.change(later)
        now += rate.wait(now)
        rate.went(now)
        went.append(now)
        recently = sum(moment > now - MINUTE_S for moment in went)
        assert recently <= (7 if step < 20 else max(7, later) if step < 27 else later)
        now += 0.5


def test_what_has_no_rate_never_waits() -> None:
    rate = Rate(None)
    for _ in range(100):
        assert rate.wait(0.0) == 0.0
        rate.went(0.0)


async def test_what_was_cancelled_while_it_was_in_hand_is_not_handed_out_again(fresh: Fresh) -> None:
    first, second = [await taken(fresh) for _ in range(2)]
    fresh.cancel(first.number)
    fresh.put_back(second)
    fresh.put_back(first)
    assert await rest(fresh) == [2, 3, 4, 5, 6, 7, 8, 9, 10]


async def test_what_was_passed_over_while_it_was_in_hand_is_not_handed_out_again(fresh: Fresh) -> None:
    first = await taken(fresh)
    fresh.pass_over(3)
    fresh.put_back(first)
    assert await rest(fresh) == [4, 5, 6, 7, 8, 9, 10]


async def test_a_filter_that_changes_lets_nothing_be_taken_for_done_that_is_wanted_now(
    messages: Breaking, deliveries: Deliveries
) -> None:
    standing, unwanted = Standing(), {3}
    fresh = Fresh(ENDPOINT, UNIT, messages, deliveries, lambda each: each.number not in unwanted, standing)
    await fresh.open()
    first = await taken(fresh)
    unwanted.clear()
    fresh.forget()
    second = await taken(fresh)
    for message in (first, second):
        fresh.settled(message.number)
    assert (second.number, standing.done, (await taken(fresh)).number) == (2, 2, 3)


async def test_a_probe_that_could_not_be_made_holds_up_nothing_that_is_due(
    messages: Breaking, deliveries: Deliveries
) -> None:
    later = failed(1).model_copy(update={"next_at": to_milliseconds(datetime.now(UTC) + timedelta(hours=1))})
    await deliveries.settle(1, [later])
    retries = Retries(ENDPOINT, UNIT, deliveries, messages)
    retries.open()
    probe = await retries.take(early=True)
    assert probe is not None
    retries.release(1)
    retries.put_back(probe[0])
    due = failed(2)
    await deliveries.settle(2, [due])
    retries.expect(format_time(due.at))
    assert [await handed_out(retries), await handed_out(retries)] == [2, None]
    assert retries.next_at is not None
    assert later.next_at is not None
    assert retries.next_at >= format_time(later.next_at)


async def test_what_was_put_in_though_it_seemed_not_to_be_is_told_of(
    database: Database, messages: Breaking
) -> None:
    letters = [letter for event in Spoken("dispatch").volunteers(3) for letter in letters_of(event)]
    await Messages(database).put([replace(letter, id=f"late-{letter.id}") for letter in letters])
    found = list[tuple[str, int]]()
    messages.watch_ends(lambda box, number: found.append((box, number)))
    with pytest.raises(StoreUnavailable):
        await messages.put([replace(letter, id=f"late-{letter.id}") for letter in letters])
    await messages.put([replace(letter, id=f"late-{letter.id}") for letter in letters])
    assert found == [(UNIT, 13)]
