"""One day of the community, played on a stack of the demo's own: `python -m deploy.demo`.

Exit code 0 if everything that is checked holds; 1 if not; 130 if it was broken off. Nothing runs after it.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterator, Sequence

from rich.console import Console

from deploy.demo.checks import all_hold
from deploy.demo.errors import DemoFailed
from deploy.demo.run import Size, run
from deploy.demo.stage import ENDINGS, own_stage
from deploy.demo.steps import Steps
from deploy.stack import StackError

RESIDENTS, REQUESTS = 3879, 160
FEWEST_RESIDENTS, FEWEST_REQUESTS = 60, 12
BROKEN_OFF = 130
PLAIN_WIDTH = 110


def main(arguments: Sequence[str]) -> int:
    """The demo from its start to its end; the exit code."""
    size = _size(arguments)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in set(ENDINGS) - {signal.SIGINT}:
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
    problems = Console(stderr=True, soft_wrap=True, markup=False, highlight=False)
    code = 0
    try:
        _play(size, Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH))
    except* KeyboardInterrupt:
        code = BROKEN_OFF
        problems.print("broken off; nothing runs, nothing is left", style="red")
    except* (DemoFailed, StackError) as failures:
        code = 1
        for text in _texts(failures):
            problems.print(text, style="red")
    return code


def _play(size: Size, console: Console) -> None:
    steps = Steps(console)
    console.print("[bold]A day in Shaba community 沙坝社区[/bold]", highlight=False)
    console.print(
        "Played on a stack of its own through the public HTTP API. The day is a short one: slots are times "
        "of the next working day, while calls and visits are stamped with the moment in which they happen.",
        highlight=False,
    )
    with own_stage(steps.say) as stage:
        if not all_hold(asyncio.run(run(stage, size, console, steps))):
            raise DemoFailed("not everything holds that should: see the checks above")
    console.print(f"\nEverything holds: a day's work in {steps.seconds:.0f} seconds.", highlight=False)


def _size(arguments: Sequence[str]) -> Size:
    parser = argparse.ArgumentParser("deploy.demo", description=__doc__.partition("\n")[0])
    parser.add_argument("--residents", type=int, default=RESIDENTS, help="people of the community")
    parser.add_argument("--requests", type=int, default=REQUESTS, help="requests of the day")
    asked = parser.parse_args(arguments)
    if asked.residents < FEWEST_RESIDENTS or asked.requests < FEWEST_REQUESTS:
        parser.error(f"at least {FEWEST_RESIDENTS} residents and {FEWEST_REQUESTS} requests make a day")
    return Size(asked.residents, asked.requests)


def _texts(failures: BaseExceptionGroup[BaseException]) -> Iterator[str]:
    """What each failure in a group says, and once what was noted about all of it."""
    for failure in failures.exceptions:
        if isinstance(failure, BaseExceptionGroup):
            yield from _texts(failure)
        else:
            yield str(failure)
            yield from getattr(failure, "__notes__", [])
    yield from getattr(failures, "__notes__", [])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
