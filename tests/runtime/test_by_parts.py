"""A read model is given what it has to catch up with in parts that the store answers in time."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from shared.events.registry import UnitRegistered
from shared.kernel.cloudevent import CloudEvent
from shared.runtime.projection import PART, by_parts
from tests.support.entering import Told

UNIT = UnitRegistered(community="shaba", name="某单位", kind="firm")


@pytest.mark.parametrize("count", [0, 1, PART, PART + 1, 3 * PART])
async def test_all_of_it_comes_in_order_and_no_part_is_too_large(count: int) -> None:
    told, parts = Told().say(*((f"unit-{number}", UNIT) for number in range(count))), []

    async def handle(events: Sequence[CloudEvent]) -> None:
        parts.append(list(events))

    await by_parts(handle)(told)
    assert [event for part in parts for event in part] == told
    assert all(0 < len(part) <= PART for part in parts)
