from datetime import timedelta
from dataclasses import replace
import pytest
from tests.support.story import *
from tests.support.story_of_life import *
from services.dispatch.domain.request import REQUEST
from services.dispatch.domain.clock import Pass, Deadline, deadlines
from services.dispatch.domain.visiting import CheckIn, NoAnswer
from services.dispatch.domain.pausing import Hold, Resume
from services.dispatch.domain.ending import *
from services.dispatch.domain.intake import *
from services.dispatch.domain.between_units import *
from services.dispatch.domain.planning import *
from services.dispatch.rows import said_by
from shared.kernel.decider import Refused

class R:
    def __init__(s, *h): s.st = REQUEST.fold.over(h); s.ev=list(h)
    def do(s, c):
        e = list(REQUEST.decide(c, s.st)); s.ev += e; s.st = REQUEST.fold.over(e, s.st); return [x.type for x in e]
    def dl(s): return [(d.kind, str(d.due), d.item) for d in deadlines(s.st)]

def test_missed_then_reopened():
    r = R(*AFTER_SCHEDULING)
    print(r.do(Pass(Deadline("missed", at("25T02:30"), VISIT), at("25T02:30"))))
    print(r.do(Resolve("not-done", at("25T03:00"))))
    print(r.do(Reopen("not-solved", at("25T05:00"))), r.st.status, r.dl())
    print("untaken", r.st.untaken(), said_by(r.st)["alarms"])
    print(r.do(CheckIn(VISIT, "gps", None, None, at("25T01:05"), at("25T05:01"), CREATED_AT, None)), r.st.status, r.dl(), r.st.clock)

def test_reopened_untaken():
    r = R(*AFTER_COMPLETION)
    r.do(Resolve("done", at("25T03:00"))); r.do(Reopen("not-solved", at("25T05:00")))
    print("untaken", r.st.untaken(), said_by(r.st)["alarms"])

def test_whistle_after_reopen_and_hold():
    r = R(*AFTER_TRIAGE)
    print(r.do(BlowWhistle([(WHISTLE, POLICE)], None, "emergency", 30, at("24T03:45"))))
    print(r.do(Resolve("done", at("24T03:50"))), r.dl())
    print(r.do(ReportIn(WHISTLE, "cannot-come")), r.st.status)
    r = R(*AFTER_TRIAGE)
    r.do(BlowWhistle([(WHISTLE, POLICE)], None, "emergency", 30, at("24T03:45")))
    r.do(Resolve("done", at("24T03:50"))); r.do(Reopen("not-solved", at("25T05:00")))
    print("reopened", r.dl())
    r = R(*AFTER_TRIAGE)
    r.do(BlowWhistle([(WHISTLE, POLICE)], None, "emergency", 30, at("24T03:45")))
    r.do(Hold("weather", at("26T01:00"), at("24T03:50")))
    print("held", r.dl())
    r.do(Resume(at("25T03:50")))
    print("resumed", r.dl())
    for _ in range(4):
        d=[x for x in deadlines(r.st) if x.kind=="whistle"]
        if not d: break
        print(r.do(Pass(d[0], at("25T03:50"))))
    r = R(*AFTER_TRIAGE); r.do(BlowWhistle([(WHISTLE, POLICE)], None, "emergency", 30, at("24T03:45")))
    r.do(Withdraw("other", at("24T03:50")));
    print("withdrawn", r.do(ReportIn(WHISTLE, "cannot-come")), r.st.status)

def test_late_resume_by_timer():
    r = R(*AFTER_TRIAGE)
    r.do(Hold("weather", at("24T04:45"), at("24T03:45")))
    print(r.do(Pass(Deadline("resume", at("24T04:45")), at("26T03:45"))), r.st.clock)

def test_amend_priority_on_held_untriaged():
    r = R(created(due=DUE, warn_at=WARN_AT))
    r.do(Hold("weather", at("26T01:00"), NOW))
    print("amend", r.do(Amend(priority="stat")), r.st.status)
    print("triage", r.do(Triage("stat", CREATED_AT, coordinator="c")), r.st.coordinator)

def test_hold_moves_due_after_met():
    r = R(*AFTER_COMPLETION)
    print(r.st.clock); r.do(Hold("weather", at("26T01:00"), at("25T02:00"))); r.do(Resume(at("25T09:00"))); print(r.st.clock)

def test_merge_base_only():
    r = R(*AFTER_TRIAGE)
    r.do(Refer(REFERRAL, SCHOOL, None, "other-competence", "open", False, at("24T06:00"), NOW, BASIS)); r.do(AcceptReferral(REFERRAL, NOW))
    print(r.st.units, r.st.base, r.st.responsible)

def test_self_referral():
    r = R(*AFTER_TRIAGE)
    print(r.do(Refer(REFERRAL, UNITS[0], UNITS[0], "other-competence", "open", False, at("24T06:00"), NOW, BASIS)), r.do(AcceptReferral(REFERRAL, NOW)), r.st.responsible)

def test_schedule_past_and_far():
    r = R(*AFTER_ASSIGNMENT)
    from shared.events.dispatch import Slot
    from shared.kernel.times import parse_time
    past = Slot(start=parse_time("1901-01-01T00:00:00Z"), end=parse_time("1901-01-01T01:00:00Z"))
    print(r.do(ScheduleVisit(VISIT, MEI.id, past)), r.dl())
    print(r.do(CheckIn(VISIT, "gps", None, None, parse_time("1901-01-01T00:30:00Z"), NOW, CREATED_AT, None)), r.st.clock)
    r = R(*AFTER_ASSIGNMENT)
    far = Slot(start=parse_time("2026-12-30T00:00:00Z"), end=parse_time("2026-12-30T01:00:00Z"))
    r.do(ScheduleVisit(VISIT, MEI.id, far))
    print(r.do(CheckIn(VISIT, "gps", None, None, parse_time("2026-12-30T00:30:00Z"), NOW, CREATED_AT, None)), r.st.clock, r.dl())

def test_no_answer_of_missed_late():
    r = R(*AFTER_SCHEDULING)
    r.do(Pass(Deadline("missed", at("25T02:30"), VISIT), at("25T02:30")))
    print("no-answer two days later:", r.do(NoAnswer(VISIT, at("27T02:00"), at("27T02:00"), CREATED_AT)))

def test_released_while_missed_in_past_week_duties():
    from services.dispatch.domain.placing import Release
    r = R(*AFTER_SCHEDULING)
    r.do(Pass(Deadline("missed", at("25T02:30"), VISIT), at("25T02:30")))
    before = set(r.st.duties()); r.do(Release(ASSIGNMENT, "other")); print(before, set(r.st.duties()))

def test_second_no_answer_after_welfare_contact_amended():
    pass
