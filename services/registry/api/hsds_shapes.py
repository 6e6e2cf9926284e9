"""What the HSDS routes answer, for the OpenAPI document."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.http.shapes import Absent

_SERVICE, _UNIT = "0b6f8a9a-2f67-5d7e-9a43-0f8f4f3b6a11", "2a3c5b1e-77a1-5c55-8d0b-6f3e9b9d4c22"


class Api(Shape):
    """What this API is."""

    example: ClassVar[Document] = {
        "version": "3.0",
        "profile": "https://docs.openreferral.org/en/3.0/hsds/",
        "openapi_url": "http://127.0.0.1:8001/openapi.json",
    }

    version: str
    profile: str
    openapi_url: str


class Identifier(Shape):
    """Our own id of a unit."""

    example: ClassVar[Document] = {
        "id": "7c0b3f5e-91c4-5a0e-8a55-1b2c3d4e5f60",
        "organization_id": _UNIT,
        "identifier_type": "linli",
        "identifier": "unit-health-centre",
    }

    id: str
    organization_id: str
    identifier_type: str
    identifier: str


class Organization(Shape):
    """A partner unit."""

    example: ClassVar[Document] = {
        "id": _UNIT,
        "name": "东川卫生服务中心",
        "description": "health, partner unit of the community shaba",
        "organization_identifiers": [Identifier.example],
    }

    id: str
    name: str
    description: str
    organization_identifiers: list[Identifier]


class Schedule(Shape):
    """When a service is given, each week, by China's time."""

    example: ClassVar[Document] = {
        "id": "9d1f2e3c-4b5a-5968-8776-5a4b3c2d1e0f",
        "service_id": _SERVICE,
        "freq": "WEEKLY",
        "wkst": "MO",
        "byday": "MO,TU,WE,TH,FR",
        "opens_at": "08:30+08:00",
        "closes_at": "17:30+08:00",
        "timezone": 8,
    }

    id: str
    service_id: str
    freq: Literal["WEEKLY"]
    wkst: str
    byday: str
    opens_at: str
    closes_at: str
    timezone: int


class Attribute(Shape):
    """What HSDS has no field for."""

    example: ClassVar[Document] = {
        "id": "1e2d3c4b-5a69-5788-9675-4a3b2c1d0e0f",
        "link_id": _SERVICE,
        "link_entity": "service",
        "label": "skill",
        "value": "first-aid",
    }

    id: str
    link_id: str
    link_entity: str
    label: str
    value: str


class Service(Shape):
    """A service of the catalogue. A list has schedules, attributes and organization only if `full`."""

    example: ClassVar[Document] = {
        "id": _SERVICE,
        "organization_id": _UNIT,
        "name": "上门健康服务",
        "alternate_name": "Health help at home",
        "status": "active",
        "assured_date": "2026-11-24",
        "schedules": [Schedule.example],
        "attributes": [Attribute.example],
        "organization": Organization.example,
    }

    id: str
    organization_id: str
    name: str
    alternate_name: str
    status: Literal["active", "defunct"]
    assured_date: str
    eligibility_description: str | Absent = None
    schedules: list[Schedule] | Absent = None
    attributes: list[Attribute] | Absent = None
    organization: Organization | Absent = None


class _Part(Shape):
    """A page of a list."""

    total_items: int
    total_pages: int
    page_number: int
    size: int = Field(description="of this page")
    first_page: bool
    last_page: bool
    empty: bool


_PAGE: Document = {
    **{"total_items": 1, "total_pages": 1, "page_number": 1, "size": 1},
    **{"first_page": True, "last_page": True, "empty": False},
}


class ServicesPart(_Part):
    """A page of services."""

    example: ClassVar[Document] = {**_PAGE, "contents": [Service.example]}

    contents: list[Service]


class OrganizationsPart(_Part):
    """A page of organizations."""

    example: ClassVar[Document] = {**_PAGE, "contents": [Organization.example]}

    contents: list[Organization]
