"""The OpenAPI document: every route also says how it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from shared.runtime.http.problems import MEDIA_TYPE

Document = dict[str, Any]

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


def described(app: FastAPI) -> Callable[[], Document]:
    """The `openapi` of an application: FastAPI's own, with problem documents in place of its errors."""

    def openapi() -> Document:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, routes=app.routes)
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = _PROBLEM
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            for operation in _operations(document):
                _say_how_it_refuses(operation)
            app.openapi_schema = document
        return app.openapi_schema

    return openapi


def _operations(document: Document) -> list[Document]:
    return [operation for methods in document["paths"].values() for operation in methods.values()]


def _say_how_it_refuses(operation: Document) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses["4XX"] = {"description": "Refused; see `code`.", "content": content}
    responses["503"] = {"description": "Not now; try again after `Retry-After`.", "content": content}


def example(status: int, description: str, body: object) -> dict[int | str, Document]:
    """The `responses` of a route whose success looks like `body`."""
    return {status: {"description": description, "content": {"application/json": {"example": body}}}}
