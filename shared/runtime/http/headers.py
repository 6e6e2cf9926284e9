"""The headers of this interface as the OpenAPI document says them, and where each applies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.routing import APIRoute

from shared.runtime.http.calls import POSITION, commands_of
from shared.runtime.http.edge import ALWAYS_OPEN
from shared.runtime.http.paging import Page

Document = dict[str, Any]

ETAG, LOCATION, LINK = "ETag", "Location", "Link"
_REQUEST_ID, _LIMITS = "X-Request-Id", ("RateLimit", "RateLimit-Policy")
_RETRY_AFTER, _CHALLENGE = "Retry-After", "WWW-Authenticate"


def _text(description: str, example: str, **schema: str) -> Document:
    return {"description": description, "schema": {"type": "string", **schema}, "example": example}


SENT: Mapping[str, Document] = {
    "Idempotency-Key": _text(
        "1 to 255 visible ASCII characters, bare or quoted. The same command under the same key is done once "
        "and answered alike; another one under it is 422 `idempotency-key-reused`.",
        "01a20bba-6635-7424-a8e4-81d825bcf371",
    ),
    "If-Match": _text(
        "The `ETag` that the thing must have; with another version it is 412 `version-mismatch`, as is any "
        "for a thing that does not exist yet.",
        '"4"',
        pattern=r'^(\*|"[0-9]{1,9}")$',
    ),
    "Linli-After": _text(
        "A `Linli-Position` of any service: the answer comes from a state that has it, or is 503 "
        "`not-caught-up` after 2 seconds.",
        "registry@184",
        pattern="^(registry|dispatch|notify|audit)@[0-9]{1,15}$",
    ),
    "traceparent": _text(
        "The caller's trace (W3C Trace Context), which the events of this call carry on. One is made if this "
        "is none.",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ),
    _REQUEST_ID: _text(
        "The caller's name for this call, up to 64 letters, digits, `.`, `_` and `-`; the events of this "
        "call have it as `correlationid`. One is made if this is none.",
        "call-77",
    ),
}
"""What a caller may send, as parameters of OpenAPI."""

ANSWERED: Mapping[str, Document] = {
    POSITION: _text(
        "Where the service's log has what was recorded; for `Linli-After`. Absent if nothing was.",
        "dispatch@184",
        pattern="^(registry|dispatch|notify|audit)@[0-9]{1,15}$",
    ),
    ETAG: _text("The version that the thing has now; for `If-Match`.", '"4"', pattern='^"[0-9]{1,9}"$'),
    LOCATION: _text(
        "The path of the thing.",
        "/v1/requests/request-01a20bba-6635-7424-a8e4-81d825bcf371",
        format="uri-reference",
    ),
    LINK: _text(
        "Where the next page is (RFC 8288); absent on the last.",
        '<https://dispatch.example/v1/requests?cursor=MDAwMDAwMDAwMTg0LjAwMDA%3D>; rel="next"',
    ),
    "RateLimit": _text(
        "Calls that are left to this address, and seconds until they are renewed.", '"caller";r=29999;t=10'
    ),
    "RateLimit-Policy": _text("Calls that an address has in a window of seconds.", '"caller";q=30000;w=10'),
    _RETRY_AFTER: {
        "description": "Seconds to wait; with 429 and 503.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 1,
    },
    _CHALLENGE: _text(
        "What is wrong with the token (RFC 6750); with 401 and 403.", 'Bearer error="invalid_token"'
    ),
    _REQUEST_ID: {
        **_text("The name of this call: the caller's own, or one that was made for it.", "call-77"),
        "required": True,
    },
}
"""What an answer may carry, as headers of OpenAPI."""


def parameters() -> Document:
    """`SENT` for the components of the document."""
    return {name: {"name": name, "in": "header", **described} for name, described in SENT.items()}


def sent_to(route: APIRoute, secured: bool) -> list[str]:
    """Which of `SENT` this route heeds; `secured` if it asks for a token."""
    names = ["traceparent", _REQUEST_ID]
    if secured:
        names.append("Linli-After")
    if _is_command(route):
        names += ["Idempotency-Key", "If-Match"]
    return names


def answered_by(route: APIRoute, secured: bool, status: str) -> list[str]:
    """Which of `ANSWERED` this route's answer of this status can have, whatever the route says itself."""
    names = [_REQUEST_ID]
    if route.path not in ALWAYS_OPEN:
        names += _LIMITS
        names += [_RETRY_AFTER] if status in ("4XX", "503") else []
    if status == "401" or (secured and status == "4XX"):
        names.append(_CHALLENGE)
    if status.startswith("2"):
        names += [POSITION, ETAG] if _is_command(route) else []
        names += [LINK] if _has_pages(route) else []
    return names


def _is_command(route: APIRoute) -> bool:
    runs = any(each.call is commands_of for each in route.dependant.dependencies)
    return runs and "GET" not in (route.methods or ())


def _has_pages(route: APIRoute) -> bool:
    models = (field.field_info.annotation for field in route.dependant.query_params)
    return any(isinstance(model, type) and issubclass(model, Page) for model in models)
