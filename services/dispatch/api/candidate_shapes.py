"""What the list of candidates looks like, for the OpenAPI document."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from services.dispatch.api.shapes import REQUEST, SLOT, UNITS, VOLUNTEER
from shared.events.dispatch import Slot
from shared.events.registry import Team
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.http.shapes import Absent
from shared.runtime.ids import Id


class Reason(Shape):
    """What speaks for a volunteer, or against; which facts there are goes by the code."""

    example: ClassVar[Document] = {"code": "visited-before", "points": 25, "last": "2026-11-17"}

    code: str = Field(
        description="`first-choice`, `visited-before`, `skills`, `trained`, `common-language`, `same-grid`, "
        "`near-grid`, `free`, `load`; more may come"
    )
    points: int = Field(description="what it adds to the score")
    skills: list[str] | Absent = Field(None, description="those asked for that are there")
    courses: list[str] | Absent = None
    languages: list[str] | Absent = Field(None, description="those that both speak")
    last: str | Absent = Field(None, description="the day of the last visit at this resident's")
    grid: str | Absent = Field(None, description="where the volunteer was on duty lately")
    load: int | Absent = Field(None, description="duties in that week")


class Shortfall(Shape):
    """What a volunteer lacks; which facts there are goes by the code."""

    example: ClassVar[Document] = {
        "code": "volunteer-not-free",
        "hard": True,
        "conflict": f"{REQUEST}.assignment-1",
    }

    code: str = Field(
        description="`training-missing`, `training-expired`, `volunteer-not-free`, `load-cap-reached`, "
        "`skills-missing`, `not-available`, `no-common-language`, `asked-before`, `declined-before`; "
        "more may come"
    )
    hard: bool = Field(description="whether the volunteer cannot be placed for it")
    courses: list[str] | Absent = None
    conflict: Id | Absent = Field(None, description="the duty at that time")
    load: int | Absent = Field(None, description="duties in that week")
    cap: int | Absent = Field(None, description="how many a week are wanted at the most")
    skills: list[str] | Absent = Field(None, description="those that are missing")
    dates: list[str] | Absent = Field(None, description="when the volunteer is not available")
    languages: list[str] | Absent = Field(None, description="those of the resident")


class Candidate(Shape):
    """A volunteer in the order."""

    example: ClassVar[Document] = {
        "volunteer": VOLUNTEER,
        "unit": UNITS[0],
        "team": "residents",
        "eligible": False,
        "ready": False,
        "score": 53,
        "reasons": [
            {"code": "skills", "points": 30, "skills": ["first-aid"]},
            Reason.example,
            {"code": "load", "points": -2, "load": 1},
        ],
        "shortfalls": [Shortfall.example],
    }

    volunteer: Id
    unit: Id
    team: Team
    eligible: bool = Field(description="whether staff can place the volunteer: no shortfall is hard")
    ready: bool = Field(description="whether there is no shortfall at all: whom `auto` would ask")
    score: int = Field(description="the higher the better, among those who are eligible alike")
    reasons: list[Reason]
    shortfalls: list[Shortfall]


class Candidates(Shape):
    """Who could go, the best first."""

    example: ClassVar[Document] = {"slot": SLOT, "considered": 214, "items": [Candidate.example]}

    slot: Slot
    considered: int = Field(ge=0, description="how many volunteers were looked at")
    items: list[Candidate]
