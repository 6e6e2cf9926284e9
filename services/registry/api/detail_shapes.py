"""What registry answers of what is kept sealed, for its OpenAPI document."""

from __future__ import annotations

from typing import ClassVar

from services.registry.api.bodies import Flag
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.http.shapes import Absent


class Contact(Shape):
    """A person of a unit to talk to."""

    example: ClassVar[Document] = {"name": "赵敏", "phone": "087162120000", "role": "值班主任"}

    name: str
    phone: str | Absent = None
    email: str | Absent = None
    role: str | Absent = None


class UnitDetail(Shape):
    """The persons of a unit to talk to."""

    example: ClassVar[Document] = {"contacts": [Contact.example]}

    contacts: list[Contact]


class UnitDetails(Shape):
    """What is kept sealed of a unit: one item, or none."""

    example: ClassVar[Document] = {"items": [UnitDetail.example]}

    items: list[UnitDetail]


class VolunteerDetail(Shape):
    """A volunteer's name, telephone and mail address; null for what was taken away."""

    example: ClassVar[Document] = {"name": "李梅", "phone": "13800000003", "email": "mei.li@example.org"}

    name: str
    phone: str | None = None
    email: str | None = None


class VolunteerDetails(Shape):
    """What is kept sealed of a volunteer: one item."""

    example: ClassVar[Document] = {"items": [VolunteerDetail.example]}

    items: list[VolunteerDetail]


class Relative(Shape):
    """A person to turn to for a resident."""

    example: ClassVar[Document] = {"name": "王强", "phone": "13800000002", "relation": "儿子"}

    name: str
    phone: str
    relation: str | Absent = None


class ResidentDetail(Shape):
    """What is kept sealed of a resident; null for what was taken away."""

    example: ClassVar[Document] = {
        "name": "王秀英",
        "phone": "13800000001",
        "address": "3栋2单元401",
        "flags": ["lives-alone"],
        "guardian": Relative.example,
        "emergency_contact": Relative.example,
        "notes": "耳背, 敲门要重",
    }

    name: str
    phone: str | None
    address: str | None
    flags: list[Flag]
    guardian: Relative | None = None
    emergency_contact: Relative | None = None
    notes: str | None = None


class ResidentDetails(Shape):
    """What is kept sealed of a resident: one item."""

    example: ClassVar[Document] = {"items": [ResidentDetail.example]}

    items: list[ResidentDetail]
