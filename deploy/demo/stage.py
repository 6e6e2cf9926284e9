"""The demo's own stack: in a folder and on ports of its own, fresh, and gone when the demo ends."""

from __future__ import annotations

import secrets
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from deploy.stack import Stack, StackFile, from_environment
from deploy.stack.ports import free_base, taken

# Short, so that what a system missed while it was down reaches it within the demo.
RETRY_SCHEDULE = "1,1,2,2,3,3" + ",5" * 30

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that ask to end."""

# Behind the ports of the parts of a stack, and before the next base that could be drawn.
_SYSTEM_OFFSETS = (15, 16)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demo plays: a running stack, a folder for what else it writes, ports for units' systems."""

    stack: Stack
    described: StackFile
    folder: Path
    partner_port: int
    systems_port: int


@contextmanager
def own_stage(notice: Callable[[str, float], None]) -> Iterator[Stage]:
    """A fresh stage, under `<LINLI_DATA>/demo-…` and on ports that are free, whatever else runs here.

    However this is left, nothing runs afterwards. The folder stays if an error left it. `notice` is told
    what is done and how many seconds it took. Raises StackError.
    """
    # The folder of all state is made as the launcher makes it: the first `make up` finds it fit for use.
    home = from_environment().site.folder.sub(f"demo-{secrets.token_hex(4)}")
    base, partner, systems = _ports()
    stack = Stack(
        home / "stack",
        base,
        env={"notify": {"LINLI_RETRY_SCHEDULE": RETRY_SCHEDULE}},
        notice=lambda part, seconds: notice(f"{part} is ready", seconds),
    )
    keep = False
    try:
        yield Stage(stack, stack.up(), home, partner, systems)
    except Exception as error:
        keep = True
        error.add_note(f"What the parts of its stack wrote is in {stack.folder.sub('logs')}")
        raise
    finally:
        with _undisturbed():
            begun = monotonic()
            stack.down()
            if not keep:
                shutil.rmtree(home)
            notice("everything has ended", monotonic() - begun)


def _ports() -> tuple[int, int, int]:
    """A base for the stack and two ports for units' systems, all free now."""
    while True:
        base = free_base()
        partner, systems = (base + offset for offset in _SYSTEM_OFFSETS)
        if not taken(partner) and not taken(systems):
            return base, partner, systems


@contextmanager
def _undisturbed() -> Iterator[None]:
    """In here a signal that asks to end is not heard: the end is being made."""
    before = [signal.signal(number, signal.SIG_IGN) for number in ENDINGS]
    try:
        yield
    finally:
        for number, handler in zip(ENDINGS, before, strict=True):
            signal.signal(number, handler)
