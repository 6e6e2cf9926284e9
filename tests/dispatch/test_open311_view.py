"""What anybody may follow of requests: which, how each stands, and which are found by what is asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from services.dispatch.public_requests import PublicRequests, Row, Wanted
from shared.events.dispatch import (
    OfRequest,
    ReferralAccepted,
    RequestAmended,
    RequestClosed,
    RequestCreated,
    RequestFlagged,
    RequestHeld,
    RequestMarkedDuplicate,
    RequestReferred,
    RequestRejected,
    RequestReopened,
    RequestResolved,
    RequestResumed,
    RequestTriaged,
    RequestWithdrawn,
    SlaWarned,
)
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent, heard
from shared.kernel.commit import Actor, Commit, StoredEvent
from shared.kernel.times import format_time

BEGUN = datetime(2026, 11, 24, 8, tzinfo=UTC)
PATROL, CLEAN_UP = "service-safety-patrol", "service-neighbourhood-clean-up"
BOTH = frozenset({PATROL, CLEAN_UP})
TERMS = {"community": "shaba", "units": ("unit-police-station",), "category": "volunteering"}
DUE, LATER = BEGUN + timedelta(hours=1), BEGUN + timedelta(hours=5)


class Log:
    """dispatch's log, a commit a minute, and the view that follows it."""

    def __init__(self) -> None:
        self.view = PublicRequests()
        self.said: list[CloudEvent] = []
        self._versions: dict[str, int] = {}

    async def say(self, stream: str, event: OfRequest) -> None:
        version = self._versions[stream] = self._versions.get(stream, 0) + 1
        pos = len(self.said) + 1
        time = at(pos)
        data: dict[str, Json] = event.model_dump(mode="json", exclude_none=True)
        stored = StoredEvent(f"e-{pos}", event.type, stream, version, data, time)
        commit = Commit(f"c-{pos}", (stored,), Actor("unit", "client-1"), "c", pos=pos, at=time)
        self.said.extend(heard("dispatch", commit))
        await self.view.follow(self.said[-1:])

    async def ask(self, stream: str, service: str = PATROL, **more: object) -> None:
        facts = {**TERMS, "service": service, "grid": "shaba-03", "channel": "web", **more}
        terms = {"response_minutes": 60, "working_hours": "always", "skills": (), "basis": "registry@9"}
        await self.say(stream, RequestCreated.model_validate({**facts, **terms}))

    def one(self, stream: str) -> Row:
        row = self.view.get(stream, BOTH)
        assert row is not None
        return row

    def found(self, number: int = 1, size: int = 10, **wanted: object) -> list[str]:
        which = Wanted(**{"services": BOTH, **wanted})  # type: ignore[arg-type]
        return [row.id for row in self.view.page(which, number, size)]


def at(minute: int) -> str:
    return format_time(BEGUN + timedelta(minutes=minute))


def of(kind: type[OfRequest], **more: object) -> OfRequest:
    return kind.model_validate({**TERMS, "service": PATROL, "grid": "shaba-03", **more})


@pytest.fixture
def log() -> Log:
    return Log()


async def test_only_what_came_from_the_web_and_names_nobody_is_there(log: Log) -> None:
    await log.ask("request-1")
    await log.ask("request-2", channel="telephone")
    await log.ask("request-3", resident="resident-1", tier="high")
    await log.ask("request-4", service="service-home-meals")
    assert log.found() == ["request-1"]
    assert log.view.get("request-4", BOTH) is None


async def test_one_that_turns_out_to_be_about_somebody_is_gone(log: Log) -> None:
    await log.ask("request-1")
    await log.ask("request-2")
    await log.say("request-1", of(RequestAmended, resident="resident-1", tier="key"))
    assert log.found() == ["request-2"]
    assert log.view.get("request-1", BOTH) is None
    await log.say("request-1", of(RequestTriaged, due=DUE))
    await log.view.follow(log.said)
    assert log.view.get("request-1", BOTH) is None
    assert log.found(updated=(at(1), None)) == ["request-2"]


REFERRED = {
    **{"referral": "request-1.referral-1", "unit": "unit-school", "reason": "nearer", "capacity": "open"},
    **{"expires_at": LATER, "basis": "registry@9"},
}
STATES: tuple[tuple[OfRequest, str, bool], ...] = (
    (of(RequestTriaged, due=DUE), "triaged", True),
    (of(RequestReferred, **REFERRED), "referred", True),
    (of(RequestHeld, reason="weather", held_at=DUE, until=LATER), "on-hold", True),
    (of(RequestResumed), "resumed", True),
    (of(RequestResolved, outcome="done", resolved_at=DUE, reopen_until=LATER), "resolved", False),
    (of(RequestReopened, reason="came-back", due=LATER, warn_at=DUE), "reopened", True),
    (of(RequestRejected, reason="out-of-scope"), "rejected", False),
    (of(RequestWithdrawn, reason="other"), "withdrawn", False),
    (of(RequestMarkedDuplicate, target="request-9"), "duplicate", False),
    (of(RequestClosed, reason="window-over"), "closed", False),
)


@pytest.mark.parametrize(("event", "status", "is_open"), STATES, ids=lambda each: str(each)[:20])
async def test_each_event_of_its_life_says_whether_it_is_open(
    log: Log, event: OfRequest, status: str, is_open: bool
) -> None:
    await log.ask("request-1")
    await log.say("request-1", event)
    row = log.one("request-1")
    assert (row.status, row.open, row.updated_at) == (status, is_open, at(2))
    assert log.found(open=is_open) == ["request-1"]
    assert log.found(open=not is_open) == []


async def test_it_is_updated_when_what_is_shown_changes_and_not_otherwise(log: Log) -> None:
    await log.ask("request-1")
    await log.say("request-1", of(RequestTriaged, due=DUE))
    await log.say("request-1", of(SlaWarned, due=LATER))
    await log.say("request-1", of(RequestFlagged, flag="agreement-ended", basis="registry@9"))
    row = log.one("request-1")
    assert (row.created_at, row.updated_at, row.due) == (at(1), at(2), format_time(DUE))
    await log.say("request-1", of(RequestResumed, due=LATER))
    assert (log.one("request-1").updated_at, log.one("request-1").due) == (at(5), format_time(LATER))


async def test_a_unit_that_takes_it_over_is_the_one_responsible(log: Log) -> None:
    await log.ask("request-1")
    assert log.one("request-1").lead_unit == "unit-police-station"
    await log.say("request-1", of(RequestReferred, **REFERRED))
    assert log.one("request-1").lead_unit == "unit-police-station"
    taken = {name: REFERRED[name] for name in ("referral", "unit")}
    await log.say("request-1", of(ReferralAccepted, **taken))
    row = log.one("request-1")
    assert (row.lead_unit, row.status, row.updated_at) == ("unit-school", "referral-accepted", at(3))


async def test_they_are_found_newest_first_page_by_page(log: Log) -> None:
    for number in range(1, 6):
        await log.ask(f"request-{number}", PATROL if number % 2 else CLEAN_UP)
    assert log.found() == [f"request-{number}" for number in (5, 4, 3, 2, 1)]
    assert [log.found(page, 2) for page in (1, 2, 3, 4)] == [
        ["request-5", "request-4"],
        ["request-3", "request-2"],
        ["request-1"],
        [],
    ]
    assert log.found(services={CLEAN_UP}) == ["request-4", "request-2"]
    assert log.found(created=(at(2), at(4))) == ["request-4", "request-3", "request-2"]
    assert log.found(created=(at(5), None)) == ["request-5"]
    assert log.found(created=(None, at(1))) == ["request-1"]


async def test_what_changed_since_is_found_last_change_first(log: Log) -> None:
    for number in (1, 2, 3):
        await log.ask(f"request-{number}")
    await log.say("request-1", of(RequestTriaged, due=DUE))
    assert log.found(updated=(at(3), None)) == ["request-1", "request-3"]
    assert log.found(updated=(at(4), None)) == ["request-1"]
    assert log.found(updated=(None, at(3))) == ["request-3", "request-2"]
    assert log.found(updated=(at(5), None)) == []


async def test_told_twice_or_restored_it_is_the_same(log: Log) -> None:
    for number in (1, 2, 3):
        await log.ask(f"request-{number}")
    await log.say("request-1", of(RequestTriaged, due=DUE))
    await log.say("request-2", of(RequestClosed, reason="rated"))
    rows = [*log.view.rows()]
    await log.view.follow(log.said)
    assert [*log.view.rows()] == rows
    restored, again = PublicRequests(), PublicRequests()
    restored.restore(json.loads(json.dumps(rows)))
    await again.follow(log.said)
    for view in (restored, again):
        assert [*view.rows()] == rows
        for wanted in (Wanted(BOTH), Wanted(BOTH, updated=(at(1), None)), Wanted(BOTH, open=True)):
            assert view.page(wanted, 1, 10) == log.view.page(wanted, 1, 10)
