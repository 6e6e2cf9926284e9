"""The OpenAPI document: what every route answers, how it refuses, and the headers that go both ways.

A route says what its success looks like by `responses=answers(Shape)`. Nothing here is on the way of a call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel, create_model

from shared.runtime.http.edge import ALWAYS_OPEN
from shared.runtime.http.headers import ANSWERED, LOCATION, Document, answered_by, parameters, sent_to
from shared.runtime.http.problems import MEDIA_TYPE

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_PROBLEM: Document = {
    "title": "Problem",
    "description": "RFC 9457; `code` is stable, and nothing that was sent is echoed.",
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:linli:problem:volunteer-not-free"]},
        "title": {"type": "string", "examples": ["Conflict"]},
        "status": {"type": "integer", "examples": [409]},
        "code": {"type": "string", "examples": ["volunteer-not-free"]},
        "detail": {"type": "string"},
        "errors": {
            "description": "For `invalid-request`: one for each wrong field.",
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {name: {"type": "string"} for name in ("field", "code", "message")},
            },
        },
    },
}


class Shape(BaseModel):
    """What an answer looks like: its fields, and one `example` of it. It documents; no answer is made or
    checked with it. A field with a default may be absent; later versions may add fields.
    """

    example: ClassVar[Document]


def listed(shape: type[Shape]) -> type[Shape]:
    """A page of `shape`: `{"items": […], "next": text or null}`."""
    page = create_model(
        f"{shape.__name__}List",
        __base__=Shape,
        __doc__="A page; `next` is null on the last.",
        items=(list[shape], ...),  # type: ignore[valid-type]  # what mypy takes for a variable is a class
        next=(str | None, ...),
    )
    page.example = {"items": [shape.example], "next": None}
    return page


def answers(
    shape: type[Shape], status: int = 200, *others: int, headers: Sequence[str] = ()
) -> dict[int | str, Document]:
    """The `responses` of a route that answers `shape` with `status`, or with one of `others`.

    `headers` are those of `ANSWERED` that are not told by the kind of the route. A route that can answer 201
    names the thing by Location.
    """
    statuses = (status, *others)
    named = [LOCATION, *headers] if 201 in statuses else headers
    described = {
        "model": shape,
        "description": " ".join((shape.__doc__ or "").split()),
        "headers": _headers(named),
    }
    return dict.fromkeys(statuses, described)


def form(shape: type[Shape]) -> Document:
    """The `openapi_extra` of a route that reads `shape` as a form. `shape` is flat."""
    content = {"schema": shape.model_json_schema(), "example": shape.example}
    return {"requestBody": {"required": True, "content": {_FORM: content}}}


def described(app: FastAPI) -> Callable[[], Document]:
    """The `openapi` of an application: FastAPI's own, with examples, headers, and problem documents in place
    of its errors."""

    def openapi() -> Document:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, routes=app.routes)
            components = document.setdefault("components", {})
            components.update(parameters=parameters(), headers=dict(ANSWERED))
            schemas = components.setdefault("schemas", {})
            schemas["Problem"] = _PROBLEM
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            for route, operation in _operations(app, document):
                _show_examples(route, operation)
                _say_how_it_refuses(route, operation)
                _name_headers(route, operation)
            app.openapi_schema = document
        return app.openapi_schema

    return openapi


def _operations(app: FastAPI, document: Document) -> Iterator[tuple[APIRoute, Document]]:
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                yield route, document["paths"][route.path_format][method.lower()]


def _show_examples(route: APIRoute, operation: Document) -> None:
    # Only now: `get_openapi` leaves out whatever is null, in examples too.
    for status, response in route.responses.items():
        if "model" in response:
            operation["responses"][str(status)]["content"][_JSON]["example"] = response["model"].example


def _say_how_it_refuses(route: APIRoute, operation: Document) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    problem = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses.setdefault("4XX", {"description": "Refused; see `code`."})
    for status in responses:
        if status.startswith("4"):
            responses[status].setdefault("content", {}).update(problem)
    if route.path not in ALWAYS_OPEN:
        responses["503"] = {"description": "Not now; try again after `Retry-After`.", "content": problem}


def _name_headers(route: APIRoute, operation: Document) -> None:
    secured = "security" in operation
    sent = [{"$ref": f"#/components/parameters/{name}"} for name in sent_to(route, secured)]
    operation.setdefault("parameters", []).extend(sent)
    for status, response in operation["responses"].items():
        response.setdefault("headers", {}).update(_headers(answered_by(route, secured, status)))


def _headers(names: Sequence[str]) -> Document:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
