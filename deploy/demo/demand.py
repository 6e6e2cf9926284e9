"""What a community asks for on a day, of whom it is asked for, and how: assumptions, only plausible."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from deploy.demo.population import Person
from shared.events.dispatch import Channel, CheckInMethod, ManualReason, Outcome

Fits = Callable[[Person], bool]

URGENT_SERVICE = "service-home-health-help"
"""Comes regularly through the day, so that the health centre always has something to hear."""

WEIGHTS: Mapping[str, int] = {
    "service-home-meals": 8,
    "service-greeting-call": 6,
    "service-errands": 6,
    "service-elderly-home-visit": 6,
    "service-hospital-escort": 5,
    "service-companionship": 4,
    "service-home-repair": 4,
    "service-chronic-illness-follow-up": 4,
    "service-haircut-at-home": 3,
    "service-homework-help": 3,
    "service-smartphone-help": 3,
    "service-appliance-repair": 3,
    "service-mediation": 2,
    "service-low-income-help": 2,
    "service-safety-patrol": 2,
    "service-watch-area-alert": 2,
}
"""How often each service is asked for; all others once."""


def _elderly(person: Person) -> bool:
    return "over-sixty" in person.flags


def _alone(person: Person) -> bool:
    return {"over-sixty", "lives-alone"} <= set(person.flags)


def _at_home_alone(person: Person) -> bool:
    return _elderly(person) and bool({"lives-alone", "empty-nest"} & set(person.flags))


def _adult(person: Person) -> bool:
    return person.age >= 18


_FITTING: Mapping[str, Fits] = {
    "service-home-health-help": _alone,
    "service-companionship": _alone,
    "service-greeting-call": _alone,
    "service-elderly-home-visit": _at_home_alone,
    "service-low-income-help": lambda person: _adult(person) and "low-income" in person.flags,
    "service-small-wishes": lambda person: _adult(person) and "low-income" in person.flags,
    "service-rehabilitation-room": lambda person: "disabled" in person.flags,
    "service-homework-help": lambda person: 6 <= person.age <= 15,
    "service-job-help": lambda person: 25 <= person.age < 60,
    "service-yi-interpreting": lambda person: person.language == "ii",
    "service-home-repair": _adult,
    "service-appliance-repair": _adult,
    "service-mediation": _adult,
    "service-legal-advice": _adult,
    "service-counselling": _adult,
    "service-social-insurance": _adult,
    "service-residents-opinions": _adult,
    "service-referral": _adult,
    "service-knock-on-door": _adult,
    "service-fire-hazard-inspection": _adult,
    "service-members-report-in": _adult,
}

_FOR_EVERYBODY = frozenset(
    {"service-watch-area-alert", "service-hot-tea", "service-recreation-room", "service-arts-performance"}
    | {"service-square-dance", "service-tai-chi", "service-exercise-corner"}
)


def fitting(service: str, category: str, enters_home: bool) -> Fits | None:
    """Of whom a service is asked for; None for what a grid asks for, and no single person."""
    if service in _FITTING:
        return _FITTING[service]
    if service in _FOR_EVERYBODY or not (enters_home or category == "community-service"):
        return None
    return _elderly


CHANNELS: Sequence[Channel] = (*("telephone",) * 5, *("visit",) * 2, *("web",) * 2)

TEXTS = (
    "请尽快上门，老人一个人在家",
    "说话请大声一点，敲门后多等一会儿",
    "上次来的志愿者很好，还想请他来",
    "家里有人行动不便，请走电梯",
)
"""What callers say. Kept sealed, never shown."""

CHECK_INS: Sequence[tuple[CheckInMethod, ManualReason | None]] = (
    *(("gps", None),) * 5,
    *(("qr", None),) * 3,
    *(("telephone", None),) * 2,
    ("nfc", None),
    ("manual", "no-signal"),
    ("manual", "no-device"),
)

OUTCOMES: Sequence[tuple[Outcome, bool]] = (
    *(("done", True),) * 8,
    ("partly-done", True),
    ("not-done", True),
    ("not-done", False),
)
"""What came of a visit, and whether anybody was met."""
