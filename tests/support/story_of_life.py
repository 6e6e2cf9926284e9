"""What can become of the request of `story.py`: a situation for each way that it can stand, and each command
as it might be given in any of them, at a quarter to twelve on the day of the call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from services.dispatch.domain.between_units import (
    AcceptReferral,
    BlowWhistle,
    DeclineReferral,
    Refer,
    ReportIn,
)
from services.dispatch.domain.ending import Close, CloseWithTarget, Rate, Reopen, Resolve
from services.dispatch.domain.intake import (
    Amend,
    Create,
    FlagRequest,
    HandOver,
    JoinDuplicate,
    MarkDuplicate,
    Reject,
    Triage,
    Withdraw,
)
from services.dispatch.domain.pausing import Hold, Resume
from services.dispatch.domain.placing import Accept, AssignVolunteer, Decline, Offer, Reassign, Release
from services.dispatch.domain.planning import CancelVisit, Reschedule, ScheduleVisit
from services.dispatch.domain.request import REQUEST, Command
from services.dispatch.domain.visiting import AmendVisit, CheckIn, CheckOut, Complete, NoAnswer
from shared.events.dispatch import (
    AssignmentDeclined,
    AssignmentExpired,
    AssignmentOffered,
    OfRequest,
    ReferralAccepted,
    ReferralDeclined,
    RequestClosed,
    RequestEscalated,
    RequestHeld,
    RequestMarkedDuplicate,
    RequestRated,
    RequestReferred,
    RequestRejected,
    RequestReopened,
    RequestResolved,
    RequestResumed,
    RequestWithdrawn,
    SlaBreached,
    UnitReportedIn,
    VisitCancelled,
    VisitCheckedOut,
    VisitMissed,
    VisitNoAnswer,
    VolunteerReleased,
    WhistleBlown,
)
from shared.kernel.event import Event
from tests.support.story import (
    AFTER_ASSIGNMENT,
    AFTER_CHECK_IN,
    AFTER_COMPLETION,
    AFTER_SCHEDULING,
    AFTER_TRIAGE,
    BO,
    CREATED_AT,
    DUE,
    MEI,
    NINE_TO_TEN,
    REQUEST_ID,
    TEN_TO_ELEVEN,
    TERMS,
    UNITS,
    WARN_AT,
    WITH_SCHOOL,
    at,
    created,
    scheduled,
    slot,
    triaged,
)

E = TypeVar("E", bound=OfRequest)

NOW = at("24T03:45")
AFTERWARDS = at("25T02:30")
OTHER_ID = "request-2"
SCHOOL, POLICE = "unit-school", "unit-police-station"
ASSIGNMENT, SECOND = f"{REQUEST_ID}.assignment-1", f"{REQUEST_ID}.assignment-2"
VISIT, SECOND_VISIT = f"{REQUEST_ID}.visit-1", f"{REQUEST_ID}.visit-2"
REFERRAL, WHISTLE = f"{REQUEST_ID}.referral-1", f"{REQUEST_ID}.whistle-1"
UNTIL = at("26T01:00")
ANSWER_BY = at("24T06:00")
REFERRED_UNTIL = at("25T03:30")
RESOLVED_AT, REOPEN_UNTIL = at("25T02:30"), at("30T02:30")
WITH_POLICE = (*UNITS, POLICE)
BASIS = "registry@190"


def said(event: type[E], **facts: Any) -> E:
    """`event` of the request, with these facts."""
    return event(**{**TERMS, **facts})


def of_assignment(number: int = 1, volunteer: Any = MEI) -> dict[str, str]:
    """What events of the `number`th assignment name."""
    id = f"{REQUEST_ID}.assignment-{number}"
    return {"assignment": id, "volunteer": volunteer.id, "unit": volunteer.unit}


def of_visit(number: int = 1, volunteer: Any = MEI) -> dict[str, str]:
    """What events of the `number`th visit name."""
    return {"visit": f"{REQUEST_ID}.visit-{number}", "volunteer": volunteer.id, "unit": volunteer.unit}


OF_REFERRAL = {"referral": REFERRAL, "unit": SCHOOL, "from_unit": UNITS[0], "units": (*UNITS, SCHOOL)}
OF_WHISTLE = {"whistle": WHISTLE, "unit": POLICE, "units": WITH_POLICE}


def offered(
    number: int = 1, volunteer: Any = MEI, when: Any = NINE_TO_TEN, **other: Any
) -> AssignmentOffered:
    """The volunteer is asked to go, as the `number`th, until two in the afternoon."""
    facts = {**of_assignment(number, volunteer), "slot": when, "expires_at": ANSWER_BY, "basis": BASIS}
    return said(AssignmentOffered, **{**facts, **other})


def held(**other: Any) -> RequestHeld:
    """Put aside at a quarter to twelve, for two days at most."""
    facts = {"reason": "waiting-for-material", "held_at": NOW, "until": UNTIL}
    return said(RequestHeld, **{**facts, **other})


def referred(**other: Any) -> RequestReferred:
    """The school is asked to take it over."""
    facts = {
        **OF_REFERRAL,
        "reason": "nearer",
        "capacity": "open",
        "expires_at": REFERRED_UNTIL,
        "basis": BASIS,
    }
    return said(RequestReferred, **{**facts, **other})


def called(**other: Any) -> WhistleBlown:
    """The police are called in, and have a quarter of an hour."""
    facts = {**OF_WHISTLE, "from_unit": UNITS[0], "reason": "emergency", "response_minutes": 15}
    return said(WhistleBlown, **{**facts, "due": at("24T04:00"), **other})


def resolved(**other: Any) -> RequestResolved:
    """Half past ten on the day of the visit."""
    facts = {"outcome": "done", "resolved_at": RESOLVED_AT, "reopen_until": REOPEN_UNTIL}
    return said(RequestResolved, **{**facts, **other})


def rated(**other: Any) -> RequestRated:
    """Content."""
    return said(RequestRated, **{"solved": True, "satisfaction": 5, **other})


def reopened(**other: Any) -> RequestReopened:
    """Not solved; the clock begins at three in the afternoon of the next day."""
    facts = {"reason": "not-solved", "due": at("26T07:30"), "warn_at": at("26T07:24"), "unit": MEI.unit}
    return said(RequestReopened, **{**facts, "reopened_at": at("26T07:00"), "volunteer": MEI.id, **other})


def no_answer(number: int = 1, **other: Any) -> VisitNoAnswer:
    """Nobody opened."""
    return said(VisitNoAnswer, **{**of_visit(number), "at": at("25T01:05"), **other})


def checked_out(**other: Any) -> VisitCheckedOut:
    """The volunteer goes away again at ten to ten."""
    facts = {**of_visit(), "method": "gps", "checked_out_at": at("25T01:50")}
    return said(VisitCheckedOut, **{**facts, **other})


RELEASED = said(VolunteerReleased, **of_assignment(), reason="volunteer-asked")
CANCELLED = said(VisitCancelled, **of_visit(), reason="weather")
MISSED = said(VisitMissed, **of_visit())
CLOCKED = created(due=DUE, warn_at=WARN_AT)
OVERDUE: tuple[Event, ...] = (
    said(SlaBreached, due=DUE),
    said(RequestEscalated, level="lead-unit", cause="response-time", next_at=at("24T04:30")),
)
ASKED = offered(2, BO, TEN_TO_ELEVEN, units=WITH_SCHOOL)
AFTER_RESOLUTION = (*AFTER_COMPLETION, resolved())

SITUATIONS: Mapping[str, tuple[Event, ...]] = {
    "received": (created(),),
    "received-and-due": (CLOCKED,),
    "overdue-before-triage": (CLOCKED, *(event.model_copy(update={"priority": None}) for event in OVERDUE)),
    "called-before-triage": (created(), called(priority=None)),
    "triaged": AFTER_TRIAGE,
    "overdue": (*AFTER_TRIAGE, *OVERDUE),
    "overdue-when-assigned": (*AFTER_ASSIGNMENT, *OVERDUE),
    "overdue-when-referred": (*AFTER_TRIAGE, *OVERDUE, referred()),
    "offered": (*AFTER_TRIAGE, offered()),
    "declined": (
        *(*AFTER_TRIAGE, offered()),
        said(AssignmentDeclined, **of_assignment(), reason="too-far"),
    ),
    "unanswered": (
        *(*AFTER_TRIAGE, offered()),
        said(AssignmentExpired, **of_assignment(), reason="unanswered"),
    ),
    "assigned": AFTER_ASSIGNMENT,
    "asking-when-assigned": (*AFTER_ASSIGNMENT, ASKED),
    "called-when-assigned": (*AFTER_ASSIGNMENT, called()),
    "released": (*AFTER_ASSIGNMENT, RELEASED),
    "planned": AFTER_SCHEDULING,
    "cancelled": (*AFTER_SCHEDULING, CANCELLED),
    "missed": (*AFTER_SCHEDULING, MISSED),
    "there": AFTER_CHECK_IN,
    "leaving": (*AFTER_CHECK_IN, checked_out()),
    "visited": AFTER_COMPLETION,
    "asking-when-visited": (*AFTER_COMPLETION, ASKED),
    "called-when-visited": (*AFTER_COMPLETION, called()),
    "planned-when-visited": (*AFTER_COMPLETION, scheduled(when=TEN_TO_ELEVEN, number=2)),
    "visited-and-released": (*AFTER_COMPLETION, RELEASED),
    "nobody-opened": (*AFTER_SCHEDULING, no_answer()),
    "nobody-opened-before": (
        *(*AFTER_SCHEDULING, scheduled(when=TEN_TO_ELEVEN, number=2)),
        no_answer(2, at=at("25T01:00")),
    ),
    "referred": (*AFTER_TRIAGE, referred()),
    "referred-when-called": (*AFTER_TRIAGE, called(), referred()),
    "returned": (*AFTER_TRIAGE, referred(), said(ReferralDeclined, **OF_REFERRAL, reason="full")),
    "taken-over": (*AFTER_TRIAGE, referred(), said(ReferralAccepted, **OF_REFERRAL)),
    "called": (*AFTER_TRIAGE, called()),
    "reported": (*AFTER_TRIAGE, called(), said(UnitReportedIn, **OF_WHISTLE, outcome="on-the-way")),
    "held": (*AFTER_TRIAGE, held()),
    "held-before-triage": (created(), held(priority=None)),
    "held-when-assigned": (*AFTER_ASSIGNMENT, held()),
    "held-in-service": (*AFTER_COMPLETION, held()),
    "resumed": (
        *(*AFTER_TRIAGE, held()),
        said(RequestResumed, due=at("25T01:15"), warn_at=at("25T01:09")),
    ),
    "duplicate": (*AFTER_TRIAGE, said(RequestMarkedDuplicate, target=OTHER_ID)),
    "rejected": (*AFTER_TRIAGE, said(RequestRejected, reason="unsafe")),
    "withdrawn": (*AFTER_TRIAGE, said(RequestWithdrawn, reason="solved-otherwise")),
    "withdrawn-when-called": (
        *(*AFTER_TRIAGE, called()),
        said(RequestWithdrawn, reason="solved-otherwise", units=WITH_POLICE),
    ),
    "resolved": AFTER_RESOLUTION,
    "rated": (*AFTER_RESOLUTION, rated()),
    "reopened": (*AFTER_RESOLUTION, reopened()),
    "closed": (*AFTER_RESOLUTION, said(RequestClosed, reason="window-over")),
    "closed-when-rated": (*AFTER_RESOLUTION, rated(), said(RequestClosed, reason="rated")),
    "closed-with-target": (
        *AFTER_TRIAGE,
        said(RequestMarkedDuplicate, target=OTHER_ID),
        said(RequestClosed, reason="with-its-target"),
    ),
}
"""Each way that the request can stand, and how it came to that."""

OTHER = REQUEST.fold.over([created(units=(*UNITS, POLICE)), triaged(units=(*UNITS, POLICE))])
"""Another request of the same community, which is open."""

LATER = slot("25T01:15", "25T01:45")
COMMANDS: Mapping[str, Command] = {
    "create": Create(created()),
    "triage": Triage("stat", CREATED_AT),
    "amend": Amend(grid="shaba-04"),
    "merge": MarkDuplicate(REQUEST_ID, "request-3", OTHER, NOW),
    "join a duplicate": JoinDuplicate(OTHER_ID, WITH_POLICE),
    "reject": Reject("out-of-scope", NOW),
    "withdraw": Withdraw("no-longer-needed", NOW),
    "flag": FlagRequest("service-withdrawn", None, BASIS),
    "hand over": HandOver("person-1"),
    "hold": Hold("weather", UNTIL, NOW),
    "resume": Resume(NOW),
    "offer": Offer(SECOND, BO, TEN_TO_ELEVEN, ANSWER_BY, NOW, BASIS),
    "accept": Accept(ASSIGNMENT, NOW, BASIS),
    "decline": Decline(ASSIGNMENT, "not-free"),
    "assign": AssignVolunteer(SECOND, BO, TEN_TO_ELEVEN, NOW, BASIS),
    "release": Release(ASSIGNMENT, "volunteer-asked"),
    "reassign": Reassign(ASSIGNMENT, SECOND, BO, "reassigned", NOW, BASIS),
    "schedule": ScheduleVisit(SECOND_VISIT, MEI.id, LATER),
    "reschedule": Reschedule(VISIT, LATER, "weather", NOW),
    "cancel": CancelVisit(VISIT, "weather"),
    "check in": CheckIn(VISIT, "gps", None, None, at("25T01:05"), at("25T01:05"), CREATED_AT, None),
    "check out": CheckOut(VISIT, "gps", None, None, at("25T01:50"), at("25T01:50"), CREATED_AT, None),
    "complete": Complete(
        VISIT, "partly-done", True, at("25T01:05"), at("25T01:50"), AFTERWARDS, CREATED_AT, None
    ),
    "amend a visit": AmendVisit(VISIT, "wrong-outcome", AFTERWARDS, CREATED_AT, outcome="not-done"),
    "no answer": NoAnswer(VISIT, at("25T01:10"), at("25T01:10"), CREATED_AT),
    "refer": Refer(REFERRAL + "0", POLICE, UNITS[0], "nearer", "open", False, REFERRED_UNTIL, NOW, BASIS),
    "accept a referral": AcceptReferral(REFERRAL, NOW),
    "decline a referral": DeclineReferral(REFERRAL, "full"),
    "blow the whistle": BlowWhistle([(WHISTLE + "0", SCHOOL)], UNITS[0], "emergency", 15, NOW),
    "report in": ReportIn(WHISTLE, "arrived"),
    "resolve": Resolve("not-done", NOW),
    "rate": Rate(False, 2),
    "reopen": Reopen("not-solved", NOW),
    "close": Close(NOW),
    "close with its target": CloseWithTarget(),
}
"""Each command, about the first offer, visit, referral or call if it is about one."""
