"""Progress: a bar on a terminal, a line for each finished step everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Advance = Callable[[], None]


class Steps:
    """Tells a person at `console` how far the demo is."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = monotonic()

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return monotonic() - self._began

    def say(self, what: str, seconds: float) -> None:
        """A line for something that is done and took so many seconds."""
        self._console.print(f"  [green]✓[/green] {what:<64}{seconds:6.1f} s", highlight=False)

    @contextmanager
    def step(self, what: str, total: int | None = None) -> Iterator[Advance]:
        """While in here a bar is shown, which the given function moves by one."""
        began = monotonic()
        columns = (
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(
            *columns, console=self._console, transient=True, disable=not self._console.is_terminal
        ) as progress:
            task = progress.add_task(what, total=total)
            yield lambda: progress.advance(task)
        self.say(what if total is None else f"{what}: {total:,}", monotonic() - began)
