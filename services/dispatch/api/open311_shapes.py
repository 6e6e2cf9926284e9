"""What the Open311 routes answer and accept, for the OpenAPI document."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import RootModel

from services.dispatch.api.open311_format import xml
from shared.runtime.http.headers import LOCATION, Document
from shared.runtime.http.openapi import Shape

SERVICE, REQUEST = "service-safety-patrol", "request-01a20bba-6635-7424-a8e4-81d825bcf371"
_TIME = "2026-11-24T08:30:00.000Z"


class Listed(RootModel[list[Any]]):
    """A list, as JSON has it."""

    root_name: ClassVar[str]
    example: ClassVar[list[Document]]


class Service(Shape):
    """A service that can be asked for."""

    example: ClassVar[Document] = {
        "service_code": SERVICE,
        "service_name": "治安巡逻",
        "description": "Neighbourhood safety patrol",
        "metadata": True,
        "type": "realtime",
        "keywords": "volunteering,patrol",
        "group": "volunteering",
    }

    service_code: str
    service_name: str
    description: str
    metadata: bool
    type: Literal["realtime"]
    keywords: str
    group: str


class Services(Listed):
    """The services that can be asked for."""

    root_name: ClassVar[str] = "services"
    example: ClassVar[list[Document]] = [Service.example]

    root: list[Service]


class Value(Shape):
    """One value that can be chosen."""

    example: ClassVar[Document] = {"key": "shaba-03", "name": "沙坝三网格"}

    key: str
    name: str


class Attribute(Shape):
    """What has to be said with a request."""

    example: ClassVar[Document] = {
        "variable": True,
        "code": "grid",
        "datatype": "singlevaluelist",
        "required": True,
        "datatype_description": "网格代码; the code of a grid",
        "order": 1,
        "description": "在哪个网格? In which grid is it?",
        "values": [Value.example],
    }

    variable: bool
    code: str
    datatype: Literal["singlevaluelist"]
    required: bool
    datatype_description: str
    order: int
    description: str
    values: list[Value]


class ServiceDefinition(Shape):
    """What a service asks for."""

    root_name: ClassVar[str] = "service_definition"
    example: ClassVar[Document] = {"service_code": SERVICE, "attributes": [Attribute.example]}

    service_code: str
    attributes: list[Attribute]


class ServiceRequest(Shape):
    """How a request stands. Words, address and position are always null."""

    example: ClassVar[Document] = {
        "service_request_id": REQUEST,
        "status": "open",
        "status_notes": "triaged",
        "service_name": "治安巡逻",
        "service_code": SERVICE,
        "description": None,
        "agency_responsible": "辖区派出所",
        "service_notice": None,
        "requested_datetime": _TIME,
        "updated_datetime": _TIME,
        "expected_datetime": "2026-11-24T09:30:00.000Z",
        "address": None,
        "address_id": "shaba-03",
        "zipcode": None,
        "lat": None,
        "long": None,
        "media_url": None,
    }

    service_request_id: str
    status: Literal["open", "closed"]
    status_notes: str
    service_name: str
    service_code: str
    description: None
    agency_responsible: str | None
    service_notice: None
    requested_datetime: str
    updated_datetime: str
    expected_datetime: str | None
    address: None
    address_id: str
    zipcode: None
    lat: None
    long: None
    media_url: None


class Requests(Listed):
    """Requests, and how each stands."""

    root_name: ClassVar[str] = "service_requests"
    example: ClassVar[list[Document]] = [ServiceRequest.example]

    root: list[ServiceRequest]


class Token(Shape):
    """A token, and the request that it is of."""

    example: ClassVar[Document] = {"service_request_id": REQUEST, "token": REQUEST}

    service_request_id: str
    token: str


class Tokens(Listed):
    """The request that a token is of."""

    root_name: ClassVar[str] = "service_requests"
    example: ClassVar[list[Document]] = [Token.example]

    root: list[Token]


class Endpoint(Shape):
    """Where an API is."""

    example: ClassVar[Document] = {
        "specification": "http://wiki.open311.org/GeoReport_v2",
        "url": "http://127.0.0.1:8002/open311/v2",
        "changeset": _TIME,
        "type": "production",
        "formats": ["text/xml", "application/json"],
    }

    specification: str
    url: str
    changeset: str
    type: Literal["production"]
    formats: list[str]


class Discovery(Shape):
    """Where this is, and whom to ask for a key."""

    root_name: ClassVar[str] = "discovery"
    example: ClassVar[Document] = {
        "changeset": _TIME,
        "contact": "the community office",
        "key_service": "the community office registers a client; its access token is the api_key",
        "endpoints": [Endpoint.example],
    }

    changeset: str
    contact: str
    key_service: str
    endpoints: list[Endpoint]


class Error(Shape):
    """One thing that is wrong; `code` is stable."""

    example: ClassVar[Document] = {
        "code": "unknown-service",
        "description": "this jurisdiction offers no such service; see services",
    }

    code: str
    description: str


class Errors(Listed):
    """What is wrong, in the specification's shape: 403 for a key that is none, 404 for what is not there, 400
    for the rest."""

    root_name: ClassVar[str] = "errors"
    example: ClassVar[list[Document]] = [Error.example]

    root: list[Error]


def answered(shape: type[Any], status: int = 200) -> dict[int | str, Document]:
    """The `responses` of a route that answers `shape` in both formats, and refuses in both."""
    return {
        status: _described(shape, status),
        "4XX": _described(Errors, 400),
    }


def _described(shape: type[Any], status: int) -> Document:
    said: Document = {
        "model": shape,
        "description": " ".join((shape.__doc__ or "").split()),
        "content": {
            "text/xml": {
                "schema": {"type": "string", "description": f"the same, under {shape.root_name}"},
                "example": xml(shape.root_name, shape.example).decode(),
            }
        },
    }
    if status == 201:
        said["headers"] = {LOCATION: {"$ref": f"#/components/headers/{LOCATION}"}}
    return said
