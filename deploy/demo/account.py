"""The account of the day, for a person to read. It names no person: who is shown is shown by codes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from deploy.demo.checks import Check
from deploy.demo.community import Community
from deploy.demo.day import Offer
from deploy.demo.evidence import Evidence
from deploy.demo.partner import ACCEPTED, BROKEN
from deploy.demo.play import Played
from deploy.demo.population import Person
from deploy.demo.story import Chapter, unit_name
from deploy.demo.systems import Journal
from deploy.demo.tamper import Tampering
from deploy.stack import PartStatus
from services.dispatch.domain.working_time import LOCAL
from services.registry.case.case import Case
from shared.events.dispatch import VisitCompleted
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent

SHOWN_TYPES = 4


@dataclass(frozen=True, slots=True)
class Printer:
    """Prints the parts of the account, each under a heading."""

    console: Console
    case: Case

    def community(self, community: Community, residents: Sequence[Person]) -> None:
        """What kind of community it is."""
        self._heading("The community")
        added = sum(unit.added for unit in self.case.units)
        deputies, members = community.seats["deputy-secretary"], community.seats["member"]
        self._line(
            f"{community.grids} grids; {community.units} units ({added} added); {community.teams} service "
            f"teams; a committee of {deputies} deputy secretaries and {members} members; "
            f"{len(community.catalogue)} services in {community.categories} categories"
        )
        old = sum("over-sixty" in person.flags for person in residents)
        vulnerable = sum(not {"low-income", "disabled"}.isdisjoint(person.flags) for person in residents)
        self._line(
            f"{len(residents):,} residents, none of them real: {old / len(residents):.0%} over sixty, "
            f"{vulnerable / len(residents):.0%} vulnerable"
        )

    def figures(self, played: Played, evidence: Evidence, rates: Mapping[str, Json]) -> None:
        """How many requests, assignments and visits, what came of the visits, and the three rates."""
        self._heading("The day")
        completed = evidence.of_type(VisitCompleted.type)
        outcomes = Counter(str(event.data["outcome"]) for event in completed)
        table = Table.grid(padding=(0, 2))
        table.add_row("requests", f"{len(played.requests):,}")
        table.add_row(
            "assignments",
            f"{len(played.assignments):,}",
            f"{played.refused:,} times the first volunteer was not free, and another went",
        )
        table.add_row(
            "visits",
            f"{len(played.completed):,}",
            ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()),
        )
        table.add_row("closed", f"{len(played.closed):,}", _rates(rates))
        self._show(table)

    def logs(self, evidence: Evidence) -> None:
        """How many events each service recorded."""
        self._heading("Events recorded, by service")
        types = _types_by_service(entry.event for entry in evidence.entries)
        table = Table("service", "events", "most of them", box=None, padding=(0, 2, 0, 0))
        for service, ids in evidence.logs.items():
            most = ", ".join(f"{name} {count:,}" for name, count in types[service].most_common(SHOWN_TYPES))
            table.add_row(service, f"{len(ids):,}", most)
        table.add_row("all", f"{sum(map(len, evidence.logs.values())):,}", "")
        self._show(table)

    def told(self, journals: Mapping[str, Journal], evidence: Evidence) -> None:
        """What each partner unit received, and what it took."""
        self._heading("What each partner unit received")
        columns = ("unit", "events", "webhooks", "again", "500", "no answer")
        table = Table(*columns, box=None, padding=(0, 2, 0, 0))
        unanswered = Counter(made.unit for made in evidence.failed() if made.status is None)
        for unit in self.case.units:
            if (journal := journals.get(unit.id)) is None:
                continue
            statuses = Counter(status for status, _ in journal)
            events = len({event for status, event in journal if status == ACCEPTED})
            again = statuses[ACCEPTED] - events
            figures = (events, statuses.total(), again, statuses[BROKEN], unanswered[unit.id])
            name = f"{unit.name.zh} {unit.name.en}" + ("*" if unit.added else "")
            table.add_row(name, *(f"{figure:,}" for figure in figures))
        self._show(table)
        self._line("* added: not a partner unit of the case's own account")
        self._line("again: accepted before; 500 and no answer: attempts that failed, and were made again")

    def story(self, offer: Offer, request: str, chapters: Sequence[Chapter]) -> None:
        """One request, line by line with times, and who was told of each line when."""
        self._heading(f"The story of one request: {offer.name.zh} {offer.name.en}")
        self._line(f"{request}, as audit has it; times are China's")
        for chapter in chapters:
            self._line(f"{_clock(chapter.at)}  {chapter.type:<18}  {chapter.text}")
            told = [
                f"{unit_name(self.case, telling.unit)} {_clock(telling.at.astimezone(LOCAL))}"
                + (f" at attempt {telling.attempt}" if telling.attempt > 1 else "")
                for telling in chapter.told
            ]
            self._line(f"told: {', '.join(told) or 'nobody'}", 16, "dim")

    def verdict(self, evidence: Evidence, tampering: Tampering) -> None:
        """The audit's verdict, and the proof that it means something."""
        self._heading("The audit's verdict")
        word = "intact" if evidence.verdict.intact else "NOT INTACT"
        self._line(f"{evidence.verdict.entries:,} entries, {word}; chain {evidence.verdict.chain}")
        self._line(
            f"In a copy of the store, the outcome of one visit is changed from {tampering.was} to "
            f"{tampering.became} (entry {tampering.seq:,}), and that entry's own hash made to fit."
        )
        if tampering.after is None:
            self._line("The copy verifies: nothing is found.", style="red")
        else:
            fault = tampering.after
            self._line(f"The copy is not intact: entry {fault.seq:,} is {fault.kind}; {fault.detail}.")

    def memory(self, parts: Sequence[PartStatus]) -> None:
        """What each part of the stack takes now."""
        self._heading("Memory")
        figures = [f"{part.name} {part.memory_mb:.0f} MB" for part in parts]
        self._line(f"{', '.join(figures)}; all {sum(part.memory_mb for part in parts):.0f} MB")

    def checks(self, checks: Sequence[Check]) -> None:
        """What had to hold, and whether it does."""
        self._heading("Checks")
        for check in checks:
            mark, style = ("✓", "green") if check.holds else ("✗", "red")
            self._line(f"[{style}]{mark}[/{style}] {check.claim}: {check.found}")
        self.console.print()

    def _heading(self, text: str) -> None:
        self.console.print(f"\n[bold]{text}[/bold]", highlight=False)

    def _line(self, text: str, indent: int = 2, style: str = "") -> None:
        self.console.print(Padding(text, (0, 0, 0, indent), expand=False), style=style, highlight=False)

    def _show(self, table: Table) -> None:
        self.console.print(Padding(table, (0, 0, 0, 2), expand=False), highlight=False)


def _rates(rates: Mapping[str, Json]) -> str:
    """The three rates, as dispatch's own figures have them."""
    said = []
    for name in ("response_rate", "resolution_rate", "satisfaction_rate"):
        rate = rates[name]
        assert isinstance(rate, Mapping)
        value = rate["value"]
        said.append(f"{name.replace('_', ' ')} {'-' if value is None else f'{value:.0%}'}")
    return ", ".join(said)


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"


def _types_by_service(events: Iterable[CloudEvent]) -> defaultdict[str, Counter[str]]:
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for event in events:
        found[event.service][event.type] += 1
    return found
