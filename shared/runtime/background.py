"""Background work that goes on until it is told to stop: retried with growing pauses, never silent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
STEADY_S = 5.0


async def keep_going(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` again whenever it ends or fails, until this task is cancelled.

    A cancellation that nobody asked this task for is a failure too: on a hung broker a driver ends
    its waiters with CancelledError.
    """
    pause = FIRST_PAUSE_S
    loop = asyncio.get_running_loop()
    while True:
        started = loop.time()
        try:
            await work()
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            _report(name, error)
        except Exception as error:
            _report(name, error)
        pause = FIRST_PAUSE_S if loop.time() - started > STEADY_S else min(pause * 2, LONGEST_PAUSE_S)
        await asyncio.sleep(pause)


def _report(name: str, error: BaseException) -> None:
    expected = isinstance(error, OSError | TimeoutError | asyncio.CancelledError)
    log.warning("background-failed", work=name, error=type(error).__name__, reason=str(error)[:200])
    if not expected:
        log.debug("background-failed-at", work=name, exc_info=error)


class Background:
    """The tasks of one process, started in order and cancelled together."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Keep `work` going under `name`."""
        self._tasks.append(asyncio.create_task(keep_going(name, work), name=name))

    async def stop(self) -> None:
        """Cancel all and wait until each has ended."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks.clear()
