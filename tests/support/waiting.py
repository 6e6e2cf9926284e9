"""Waiting for a condition, with a deadline: never for a time."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 15.0) -> None:
    """Return as soon as `condition` holds; AssertionError if it does not within `seconds`."""
    deadline = monotonic() + seconds
    while True:
        result = condition()
        if await result if inspect.isawaitable(result) else result:
            return
        assert monotonic() < deadline, f"not so within {seconds} s: {_words(condition)}"
        await asyncio.sleep(0.02)


def _words(condition: Callable[[], object]) -> str:
    """The condition as it is written; of one whose arguments are given, what it is called with."""
    return str(condition) if isinstance(condition, partial) else inspect.getsource(condition).strip()
