"""What the report on a person looks like, for the OpenAPI document."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from services.registry.api.detail_shapes import ResidentDetail
from services.registry.api.privacy_shapes import Consent, Hold
from services.registry.api.shapes import AT, RESIDENT
from shared.events.details import Purpose
from shared.events.registry import Tier
from shared.kernel.times import Time
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.ids import Id


class ReportedRecord(Shape):
    """One record of the person; there are several if the person was entered more than once."""

    example: ClassVar[Document] = {
        "id": RESIDENT,
        "grid": "shaba-03",
        "tier": "high",
        "languages": ["zh"],
        "details": ResidentDetail.example,
    }

    id: Id
    grid: str
    tier: Tier
    languages: list[str]
    details: ResidentDetail


class Happened(Shape):
    """What happened to a record, when, and in which role somebody did it."""

    example: ClassVar[Document] = {"type": "resident-registered", "at": AT, "role": "dispatcher"}

    type: str
    at: Time
    role: str


class Viewing(Shape):
    """A reading of the person's details: when, in which role, what for, and how many of them."""

    example: ClassVar[Document] = {"at": AT, "role": "dispatcher", "purpose": "service", "count": 1}

    at: Time
    role: str
    purpose: Purpose
    count: int


class Elsewhere(Shape):
    """What another service keeps about residents, and the path there under which it is asked for."""

    example: ClassVar[Document] = {
        "service": "dispatch",
        "keeps": ["requests", "text", "position"],
        "path": f"/v1/residents/{RESIDENT}/report",
    }

    service: str
    keeps: list[str]
    path: str


class ResidentReport(Shape):
    """Everything that registry keeps about a resident, and where there is more."""

    example: ClassVar[Document] = {
        "id": RESIDENT,
        "community": "shaba",
        "records": [ReportedRecord.example],
        "consents": [Consent.example],
        "holds": [Hold.example],
        "history": [Happened.example],
        "viewings": [Viewing.example],
        "elsewhere": [Elsewhere.example],
    }

    id: Id
    community: str
    records: list[ReportedRecord] = Field(description="in full, with what is kept sealed")
    consents: list[Consent]
    holds: list[Hold]
    history: list[Happened]
    viewings: list[Viewing] = Field(description="those before this one, which is recorded too")
    elsewhere: list[Elsewhere]
