"""What must hold at the end of the day. Each check says what it claims and what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from deploy.demo.partner import ACCEPTED, BROKEN
from deploy.demo.systems import Journal
from deploy.stack import SERVICES, PartStatus

SERVICE_MB = 150
STACK_MB = 900
"""What one service, and the whole stack, may take at the end of the day, in megabytes (10^6 bytes)."""


@dataclass(frozen=True, slots=True)
class Check:
    """A claim, whether it holds, and the figures it rests on."""

    claim: str
    holds: bool
    found: str


def same_events(who: str, received: Collection[str], due: Collection[str]) -> Check:
    """`received` and `due`, by audit's account, are the same set of event ids, and not an empty one."""
    missing, extra = len(set(due) - set(received)), len(set(received) - set(due))
    found = f"{len(set(due)):,} due, {missing:,} missing, {extra:,} not due"
    return Check(
        f"{who} was told all that it was due, and no more",
        bool(due) and not (missing or extra),
        found,
    )


def same_number(claim: str, numbers: Mapping[str, int]) -> Check:
    """All `numbers` are one number."""
    found = ", ".join(f"{name} {number:,}" for name, number in numbers.items())
    return Check(claim, len(set(numbers.values())) == 1, found)


def all_verified(journals: Mapping[str, Journal]) -> Check:
    """Every webhook of every unit was signed for it and concerned it."""
    statuses = Counter(status for journal in journals.values() for status, _ in journal)
    refused = sum(count for status, count in statuses.items() if status not in (ACCEPTED, BROKEN))
    found = f"{statuses.total():,} webhooks verified with the package standardwebhooks, {refused:,} refused"
    return Check("every webhook's signature holds", bool(statuses) and not refused, found)


def is_complete(logs: Mapping[str, Sequence[str]], entries: int) -> Check:
    """Audit has as many entries as the services have events, all taken together."""
    events = sum(len(ids) for ids in logs.values())
    return same_number("audit has every event once", {"events in the logs": events, "entries": entries})


def same_order(service: str, recorded: Sequence[str], told: Sequence[str]) -> Check:
    """Audit has a service's events in that service's order, none left out and none twice."""
    found = f"{len(recorded):,} recorded, {len(told):,} told"
    return Check(f"audit has {service}'s events in {service}'s order", [*recorded] == [*told], found)


def unbroken(intact: bool, entries: int) -> Check:
    """Audit's verdict on its own log."""
    return Check("audit's log is intact", intact and entries > 0, f"{entries:,} entries")


def found_out(altered: int, found: int | None) -> Check:
    """The verdict on the altered copy names the entry that was altered."""
    at = "nowhere" if found is None else f"at entry {found:,}"
    text = f"entry {altered:,} altered, the fault found {at}"
    return Check("an altered copy is found out, at the right place", found == altered, text)


def small_services(parts: Collection[PartStatus]) -> Check:
    """Each of the four services runs, and in less than SERVICE_MB."""
    sizes = {part.name: part.memory_mb for part in parts if part.name in SERVICES}
    holds = sizes.keys() == set(SERVICES) and all(0 < size < SERVICE_MB for size in sizes.values())
    found = ", ".join(f"{name} {size:.0f} MB" for name, size in sizes.items())
    return Check(f"every service takes less than {SERVICE_MB} MB", holds, found)


def small_stack(parts: Collection[PartStatus]) -> Check:
    """All parts together take less than STACK_MB, and each runs, so that nothing is left out of the sum."""
    size = sum(part.memory_mb for part in parts)
    holds = bool(parts) and all(part.memory_mb > 0 for part in parts) and size < STACK_MB
    return Check(f"the whole stack takes less than {STACK_MB} MB", holds, f"{size:.0f} MB")


def all_hold(checks: Collection[Check]) -> bool:
    """Whether there are checks, and every one holds."""
    return bool(checks) and all(check.holds for check in checks)
