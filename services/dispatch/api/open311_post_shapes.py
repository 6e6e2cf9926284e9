"""What the Open311 route that takes requests accepts and answers, for the OpenAPI document."""

from __future__ import annotations

from typing import ClassVar

from pydantic import ConfigDict, Field

from services.dispatch.api.open311_shapes import REQUEST, SERVICE, Listed
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.http.shapes import Absent


class Posted(Shape):
    """A request that was taken in."""

    example: ClassVar[Document] = {
        "service_request_id": REQUEST,
        "service_notice": None,
        "account_id": None,
    }

    service_request_id: str
    service_notice: None
    account_id: None


class PostedList(Listed):
    """The request that was taken in."""

    root_name: ClassVar[str] = "service_requests"
    example: ClassVar[list[Document]] = [Posted.example]

    root: list[Posted]


class RequestForm(Shape):
    """A request as a form. Besides the grid one of `lat` with `long`, `address_string` and `address_id`."""

    model_config = ConfigDict(populate_by_name=True)
    example: ClassVar[Document] = {
        "api_key": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9...",
        "jurisdiction_id": "shaba",
        "service_code": SERVICE,
        "attribute[grid]": "shaba-03",
        "address_string": "3栋东侧路灯下",
        "description": "路灯不亮",
    }

    api_key: str | Absent = Field(None, description="an access token, unless it is sent as Authorization")
    jurisdiction_id: str | Absent = None
    service_code: str
    grid: str | Absent = Field(None, alias="attribute[grid]", description="or a grid's code as address_id")
    lat: str | Absent = None
    long: str | Absent = None
    address_string: str | Absent = None
    address_id: str | Absent = None
    email: str | Absent = None
    first_name: str | Absent = None
    last_name: str | Absent = None
    phone: str | Absent = None
    description: str | Absent = None
    media_url: str | Absent = None
