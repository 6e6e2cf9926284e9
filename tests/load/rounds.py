"""Rounds in which ours and its peers take turns, and what came of them: medians, spread, ratios."""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

console = Console(width=110)


@dataclass
class Series:
    """What one contestant reached in each round."""

    name: str
    unit: str
    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def shown(self) -> str:
        """`1,234 /s (1,100 to 1,300)`."""
        return f"{self.median:,.1f} {self.unit} ({min(self.values):,.1f} to {max(self.values):,.1f})"


async def alternate(
    rounds: int, unit: str, contestants: dict[str, Callable[[], Awaitable[float]]]
) -> dict[str, Series]:
    """Let each contestant run once in each round, in turn."""
    series = {name: Series(name, unit) for name in contestants}
    for number in range(rounds):
        for name, run in contestants.items():
            value = await run()
            series[name].values.append(value)
            console.print(f"  round {number + 1}: {name} {value:,.1f} {unit}", style="dim")
    return series


@dataclass(frozen=True)
class Goal:
    """Ours against a peer: the ratio of medians, and what it should be."""

    ours: str
    peer: str
    ratio: float
    at_least: bool = True

    def row(self, series: dict[str, Series]) -> tuple[str, str, str, str]:
        """For the table: what, measured, goal, whether it holds."""
        measured = series[self.ours].median / series[self.peer].median
        holds = measured >= self.ratio if self.at_least else measured <= self.ratio
        sign = "≥" if self.at_least else "≤"
        return (
            f"{self.ours} / {self.peer}",
            f"{measured:.2f}",
            f"{sign} {self.ratio:.1f}",
            "yes" if holds else "NO",
        )


def report(title: str, series: dict[str, Series], goals: list[Goal], notes: list[str] | None = None) -> None:
    """Print medians with their spread, then the ratios beside their goals."""
    table = Table(title=title, title_justify="left")
    for column in ("", "median (spread)", "goal", "holds"):
        table.add_column(column)
    for each in series.values():
        table.add_row(each.name, each.shown(), "", "")
    for goal in goals:
        what, measured, wanted, holds = goal.row(series)
        table.add_row(what, measured, wanted, holds, style="bold")
    console.print(table)
    for note in notes or []:
        console.print(f"  {note}")
