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
    pause, failures = FIRST_PAUSE_S, 0
    loop = asyncio.get_running_loop()
    while True:
        started = loop.time()
        failure: BaseException | None = None
        try:
            await work()
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            failure = error
        except Exception as error:
            failure = error
        if loop.time() - started > STEADY_S:
            pause, failures = FIRST_PAUSE_S, 0
        if failure is not None:
            _report(name, failure, failures)
            failures += 1
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_S)


def _report(name: str, error: BaseException, before: int) -> None:
    """Say so at the first failure of a row and at every sixteenth, which is some half a minute."""
    if before % 16 == 0:
        reason = str(error)[:200]
        log.warning("work-failed", work=name, error=type(error).__name__, reason=reason, before=before)
    if not isinstance(error, OSError | TimeoutError | asyncio.CancelledError):
        log.debug("work-failed-at", work=name, exc_info=error)


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
