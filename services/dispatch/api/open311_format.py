"""GeoReport v2 as it is written: JSON and XML of one value, and refusals in the specification's shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from xml.etree import ElementTree

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from shared.kernel.canonical import Json, encode
from shared.kernel.decider import Refused
from shared.runtime.http.problems import REASON, Problem, of_http, of_refusal, of_store, of_validation
from shared.runtime.mongo import PyMongoError, StoreUnavailable

TYPES: Mapping[str, str] = {
    "xml": "text/xml; charset=utf-8",
    "json": "application/json; charset=utf-8",
}
"""Format → the Content-Type that the specification names for it."""
ITEMS: Mapping[str, str] = {
    "services": "service",
    "service_requests": "request",
    "attributes": "attribute",
    "values": "value",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
}
"""List → what XML calls each thing in it; JSON has the list alone (the Spark convention)."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STATUSES: Mapping[int, int] = {401: 403, 403: 403, 404: 404, 429: 429, 500: 500, 503: 503}
"""Our status → the specification's, where that is not 400. It names no others than 400, 403 and 404; those
that ask to try again later stay as they are."""


def written(format: str, root: str, value: Json, status: int = 200) -> Response:
    """`value` as the answer: in XML under the element `root`. Fields without a value are null, or empty."""
    said = encode(value) if format == "json" else xml(root, value)
    return Response(said, status, headers={"Content-Type": TYPES[format]})


def xml(root: str, value: Json) -> bytes:
    """`value` as an XML document under `root`, UTF-8, without a namespace."""
    element = _element(root, value)
    ElementTree.indent(element)
    said: bytes = ElementTree.tostring(element, encoding="utf-8", xml_declaration=True)
    return said


def _element(name: str, value: Json) -> ElementTree.Element:
    element = ElementTree.Element(name)
    match value:
        case None:
            pass
        case dict():
            element.extend([_element(each, said) for each, said in value.items()])
        case list():
            element.extend([_element(ITEMS[name], said) for said in value])
        case bool():
            element.text = "true" if value else "false"
        case _:
            element.text = _NOT_XML.sub("\ufffd", str(value))
    return element


class GeoReport(APIRoute):
    """A route whose path ends in a format, and whose refusals are in that format.

    It goes FastAPI's own way: the query is read before the function is called, and its faults are refusals
    of this kind too.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See APIRoute: around the function and what is read for it."""
        handle = super().get_route_handler()

        async def handle_in_shape(request: Request) -> Response:
            format = request.path_params["format"]
            if format not in TYPES:
                return _refused(request, "xml", Problem(404, "unknown-format", "ask for .xml or .json"))
            try:
                return await handle(request)
            except Exception as error:
                problem = _problem(error)
                if problem is None:
                    raise
                return _refused(request, format, problem)

        return handle_in_shape


def _problem(error: Exception) -> Problem | None:
    match error:
        case Problem():
            return error
        case Refused(code="unknown-service" | "service-withdrawn"):
            return Problem(404, error.code, error.message)
        case Refused():
            return of_refusal(error)
        case RequestValidationError():
            return of_validation(error)
        case HTTPException():
            return of_http(error)
        case PyMongoError() | StoreUnavailable():
            return of_store(error)
        case _:
            return None


def _refused(request: Request, format: str, problem: Problem) -> Response:
    request.scope[REASON] = problem.code
    errors: list[Json] = [
        {"code": problem.code, "description": f"{each['field']}: {each['message']}"}
        for each in problem.errors
    ]
    errors = errors or [{"code": problem.code, "description": problem.detail}]
    response = written(format, "errors", errors, _STATUSES.get(problem.status, 400))
    response.headers.update(problem.headers)
    return response
