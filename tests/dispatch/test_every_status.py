"""Each command in every state: what is decided, or the code of the rule that says no; and never twice."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from services.dispatch.domain.request import REQUEST
from shared.events.dispatch import OfRequest
from shared.kernel.decider import Refused
from shared.kernel.event import Event
from tests.support.given import as_stored
from tests.support.lifecycle import STATUSES, by_the_clock, outcomes
from tests.support.story_of_life import COMMANDS, SITUATIONS

OPEN = "received triaged assigned in-service referred on-hold"
ENDED = "duplicate rejected withdrawn resolved closed"
EVERY = f"{OPEN} {ENDED}"

TABLE: dict[str, dict[str, str]] = {
    "create": {
        "already-registered": "received",
        "nothing": EVERY,
    },
    "triage": {
        "already-triaged": "triaged assigned in-service referred",
        "request-not-open": "on-hold duplicate rejected withdrawn resolved closed",
        "request-triaged": "received",
    },
    "amend": {
        "request-amended": OPEN,
        "request-not-open": ENDED,
    },
    "merge": {
        "already-visited": "triaged in-service on-hold",
        "request-marked-duplicate": "received triaged assigned referred on-hold",
        "request-not-open": ENDED,
    },
    "join a duplicate": {
        "duplicate-joined": EVERY,
    },
    "reject": {
        "already-visited": "triaged in-service on-hold",
        "nothing": "rejected",
        "request-not-open": "duplicate withdrawn resolved closed",
        "request-rejected": "received triaged assigned referred on-hold",
    },
    "withdraw": {
        "nothing": "withdrawn",
        "request-not-open": "duplicate rejected resolved closed",
        "request-withdrawn": OPEN,
        "visit-under-way": "in-service",
    },
    "flag": {
        "nothing": ENDED,
        "request-flagged": OPEN,
    },
    "hand over": {
        "request-handed-over": OPEN,
        "request-not-open": ENDED,
    },
    "hold": {
        "already-on-hold": "on-hold",
        "offer-open": "triaged assigned in-service",
        "request-held": "received triaged assigned in-service",
        "request-not-open": "referred duplicate rejected withdrawn resolved closed",
        "visit-open": "assigned in-service",
    },
    "resume": {
        "nothing": "received triaged assigned in-service referred",
        "request-not-open": ENDED,
        "request-resumed": "on-hold",
    },
    "offer": {
        "assignment-offered": "triaged assigned in-service",
        "nothing": "assigned in-service",
        "request-not-open": "referred on-hold duplicate rejected withdrawn resolved closed",
        "request-not-triaged": "received",
    },
    "accept": {
        "not-found": "received triaged referred on-hold duplicate rejected withdrawn closed",
        "nothing": "triaged assigned in-service on-hold resolved closed",
        "offer-over": "triaged in-service",
        "volunteer-assigned": "triaged",
    },
    "decline": {
        "assignment-declined": "triaged",
        "not-found": "received triaged referred on-hold duplicate rejected withdrawn closed",
        "nothing": "triaged",
        "offer-over": "triaged assigned in-service on-hold resolved closed",
    },
    "assign": {
        "request-not-open": "referred on-hold duplicate rejected withdrawn resolved closed",
        "request-not-triaged": "received",
        "volunteer-assigned": "triaged assigned in-service",
    },
    "release": {
        "assignment-not-active": "triaged resolved closed",
        "not-found": "received triaged referred on-hold duplicate rejected withdrawn closed",
        "nothing": "triaged in-service",
        "visit-under-way": "in-service",
        "volunteer-released": "assigned in-service on-hold",
    },
    "reassign": {
        "assignment-not-active": "triaged in-service resolved closed",
        "not-found": "received triaged referred on-hold duplicate rejected withdrawn closed",
        "request-not-open": "on-hold",
        "visit-under-way": "in-service",
        "volunteer-reassigned": "assigned in-service",
    },
    "schedule": {
        "request-not-open": "on-hold",
        "visit-scheduled": "assigned in-service",
        "volunteer-not-free": "assigned in-service",
        "volunteer-not-assigned": (
            "received triaged in-service referred on-hold duplicate rejected withdrawn resolved closed"
        ),
    },
    "reschedule": {
        "not-found": "received triaged assigned referred on-hold duplicate rejected withdrawn closed",
        "visit-not-scheduled": "triaged assigned in-service on-hold resolved closed",
        "visit-rescheduled": "assigned in-service",
    },
    "cancel": {
        "not-found": "received triaged assigned referred on-hold duplicate rejected withdrawn closed",
        "nothing": "assigned",
        "visit-cancelled": "assigned in-service",
        "visit-not-scheduled": "triaged assigned in-service on-hold resolved closed",
    },
    "check in": {
        "not-found": "received triaged assigned referred on-hold duplicate rejected withdrawn closed",
        "nothing": "in-service",
        "visit-already-completed": "triaged in-service on-hold resolved closed",
        "visit-cancelled": "assigned",
        "visit-checked-in": "assigned in-service",
    },
    "check out": {
        "not-found": "received triaged assigned referred on-hold duplicate rejected withdrawn closed",
        "nothing": "triaged in-service on-hold resolved closed",
        "visit-checked-out": "in-service",
        "visit-not-checked-in": "assigned in-service",
    },
    "complete": {
        "not-found": "received triaged assigned referred on-hold duplicate rejected withdrawn closed",
        "visit-already-completed": "triaged in-service on-hold resolved closed",
        "visit-completed": "in-service",
        "visit-not-checked-in": "assigned in-service",
    },
    "amend a visit": {
        "not-found": "received triaged assigned referred on-hold duplicate rejected withdrawn closed",
        "visit-amended": "triaged in-service on-hold resolved closed",
        "visit-not-completed": "assigned in-service",
    },
    "no answer": {
        "not-found": "received triaged assigned referred on-hold duplicate rejected withdrawn closed",
        "nothing": "in-service",
        "request-escalated": "in-service",
        "visit-no-answer": "assigned in-service",
        "visit-not-scheduled": "triaged assigned in-service on-hold resolved closed",
    },
    "refer": {
        "offer-open": "triaged",
        "request-not-open": "referred on-hold duplicate rejected withdrawn resolved closed",
        "request-not-triaged": "received",
        "request-referred": "triaged in-service",
        "volunteer-placed": "assigned in-service",
    },
    "accept a referral": {
        "not-found": (
            "received triaged assigned in-service on-hold duplicate rejected withdrawn resolved closed"
        ),
        "nothing": "triaged",
        "referral-accepted": "referred",
        "referral-over": "triaged",
    },
    "decline a referral": {
        "not-found": (
            "received triaged assigned in-service on-hold duplicate rejected withdrawn resolved closed"
        ),
        "nothing": "triaged",
        "referral-declined": "referred",
        "referral-over": "triaged",
    },
    "blow the whistle": {
        "request-not-open": "on-hold duplicate rejected withdrawn resolved closed",
        "whistle-blown": "received triaged assigned in-service referred",
    },
    "report in": {
        "not-found": EVERY,
        "unit-reported-in": "received triaged assigned in-service referred withdrawn",
    },
    "resolve": {
        "already-resolved": "resolved",
        "request-not-open": "referred on-hold duplicate rejected withdrawn closed",
        "request-not-triaged": "received",
        "request-resolved": "triaged assigned in-service",
        "visit-open": "assigned in-service",
    },
    "rate": {
        "already-rated": "resolved closed",
        "request-not-resolved": (
            "received triaged assigned in-service referred on-hold duplicate rejected withdrawn closed"
        ),
        "request-rated": "resolved closed",
    },
    "reopen": {
        "nothing": "triaged",
        "request-is-duplicate": "duplicate closed",
        "request-not-resolved": ("received triaged assigned in-service referred on-hold rejected withdrawn"),
        "request-reopened": "resolved closed",
    },
    "close": {
        "nothing": "closed",
        "request-closed": "resolved",
        "request-not-resolved": (
            "received triaged assigned in-service referred on-hold duplicate rejected withdrawn"
        ),
        "window-open": "resolved",
    },
    "close with its target": {
        "nothing": (
            "received triaged assigned in-service referred on-hold rejected withdrawn resolved closed"
        ),
        "request-closed": "duplicate",
    },
}
"""For each command: what comes of it, and in which states of the request that is possible. One state can have
several, by what else is so: see `SITUATIONS`."""


@pytest.mark.parametrize("command", COMMANDS)
def test_what_each_command_comes_to_in_every_state(command: str) -> None:
    found: dict[str, set[str]] = {}
    for outcome in outcomes():
        if outcome.command == command:
            found.setdefault(outcome.said, set()).add(outcome.before)
    assert found == {said: set(states.split()) for said, states in TABLE[command].items()}


def test_every_state_is_tried() -> None:
    assert {outcome.before for outcome in outcomes()} == set(STATUSES) == set(EVERY.split())
    assert set(TABLE) == set(COMMANDS)


CHANGES = {
    ("received", "triaged"): {"triage"},
    ("received", "on-hold"): {"hold"},
    ("triaged", "assigned"): {"accept", "assign"},
    ("triaged", "referred"): {"refer"},
    ("triaged", "on-hold"): {"hold"},
    ("triaged", "resolved"): {"resolve"},
    ("assigned", "triaged"): {"release"},
    ("assigned", "in-service"): {"check in", "no answer"},
    ("assigned", "on-hold"): {"hold"},
    ("assigned", "resolved"): {"resolve"},
    ("in-service", "referred"): {"refer"},
    ("in-service", "on-hold"): {"hold"},
    ("in-service", "resolved"): {"resolve"},
    ("referred", "triaged"): {"accept a referral", "decline a referral", "referral"},
    ("on-hold", "received"): {"resume"},
    ("on-hold", "triaged"): {"resume"},
    ("on-hold", "assigned"): {"resume"},
    ("on-hold", "in-service"): {"resume"},
    ("resolved", "triaged"): {"reopen"},
    ("resolved", "closed"): {"close"},
    ("closed", "triaged"): {"reopen"},
    ("duplicate", "closed"): {"close with its target"},
    **{(state, "withdrawn"): {"withdraw"} for state in OPEN.split()},
    **{(state, "rejected"): {"reject"} for state in OPEN.split() if state != "in-service"},
    **{(state, "duplicate"): {"merge"} for state in OPEN.split() if state != "in-service"},
}
"""By what a request changes its state, and from which to which."""


def test_a_request_changes_its_state_in_these_ways_and_no_others() -> None:
    found: dict[tuple[str, str], set[str]] = {}
    for outcome in (*outcomes(), *by_the_clock()):
        if outcome.before != outcome.after:
            found.setdefault((outcome.before, outcome.after), set()).add(outcome.command)
    assert found == CHANGES


def decided(situation: str, command: str) -> tuple[Sequence[Event], Sequence[Event]]:
    """The events decided, and those of the same command after that."""
    state = REQUEST.fold.over(as_stored(SITUATIONS[situation]))
    try:
        events = REQUEST.decide(COMMANDS[command], state)
    except Refused:
        return [], []
    assert as_stored(events) == list(events)
    return events, REQUEST.decide(COMMANDS[command], REQUEST.fold.over(events, state))


@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_is_decided_is_decided_once(situation: str) -> None:
    again = {command: decided(situation, command)[1] for command in COMMANDS}
    assert {command: events for command, events in again.items() if events} == {}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_event_concerns_the_units_before_and_after_it(situation: str) -> None:
    before = REQUEST.fold.over(as_stored(SITUATIONS[situation]))
    for command in COMMANDS:
        state = before
        for event in decided(situation, command)[0]:
            assert isinstance(event, OfRequest)
            after = REQUEST.fold.evolve(state, event)
            # What tells of the resident's tier is for whoever has to look.
            narrow = event.type == "welfare-check-raised" or getattr(event, "cause", "") == "welfare-check"
            if not narrow:
                assert set(event.units) >= {*state.units, *after.units}
            state = after
