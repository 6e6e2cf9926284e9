"""Errors as RFC 9457 problem documents, with a stable `code`, never echoing what was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from shared.kernel.canonical import Json, encode
from shared.kernel.decider import NOT_FOUND, Refused
from shared.runtime.execute import KeyReused, StreamBusy, VersionMismatch
from shared.runtime.log import DocumentRefused
from shared.runtime.mongo import PyMongoError, StoreUnavailable, is_passing
from shared.runtime.sealed import Erased

MEDIA_TYPE = "application/problem+json"
REASON = "linli.reason"
"""The key of an ASGI scope under which a refused call's code is left for the edge, which logs and counts."""
CALLER = "linli.caller"
"""The key of an ASGI scope under which the client is left that a call was found to be of."""
RETRY_AFTER_S = 1

log = structlog.get_logger()

# A refusal is a conflict with what is so (409), unless its code says otherwise.
REFUSALS: Mapping[str, int] = {
    "not-found": 404,
    "forbidden": 403,
    "scope-not-yours": 403,
    "staff-only": 403,
    "details-not-agreed": 403,
    "details-not-yours": 403,
    "insufficient-scope": 403,
    "not-in-charge": 403,
    "agreement-backward": 422,
    "agreement-over": 422,
    "details-not-covered": 422,
    "not-later": 422,
    "term-backward": 422,
    "no-such-seat": 422,
    "personal-token-not-enough": 403,
    "expiry-passed": 422,
    "expiry-too-far": 422,
    "erased": 410,
    "url-not-allowed": 422,
    "address-not-allowed": 422,
    "channel-not-available": 422,
    "not-for-channel": 422,
    "quiet-hours-open": 422,
    "two-digests": 422,
    "overlap-too-long": 422,
    "service-withdrawn": 422,
    "grid-retired": 422,
    "consent-over": 422,
    "consent-withdrawn": 422,
    "expiry-out-of-range": 422,
    "hold-out-of-range": 422,
    "merged-into-itself": 422,
    "no-agreement-for-service": 422,
    "same-person": 422,
    "referred-to-itself": 422,
}
UNKNOWN = "unknown-"

_FAULT = "a fault of this service; its log has it under this answer's X-Request-Id"
_NOT_UNDERSTOOD = "this service does not understand the call; /docs shows those that it does"


class Problem(Exception):
    """An answer other than success. `code` is part of the interface; `detail` tells a person what is wrong
    and what to do about it."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        facts: Mapping[str, Json] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})
        self.facts = dict(facts or {})

    def response(self) -> Response:
        """The problem document."""
        body: dict[str, Json] = {
            "type": f"urn:linli:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            **self.facts,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = [dict(error) for error in self.errors]
        return Response(encode(body), self.status, self.headers, MEDIA_TYPE)


def not_found() -> Problem:
    """404, for what is not there and for what is another's."""
    return Problem(404, "not-found", NOT_FOUND)


def internal_error() -> Problem:
    """500: nothing that the caller could change."""
    return Problem(500, "internal-error", _FAULT)


def unavailable(code: str, detail: str) -> Problem:
    """503: the same call may succeed soon."""
    return Problem(503, code, detail, headers={"Retry-After": str(RETRY_AFTER_S)})


def of_refusal(refusal: Refused) -> Problem:
    """The answer to a broken rule: 409, 404 for what is not there, 422 for an unknown id in the body."""
    status = 422 if refusal.code.startswith(UNKNOWN) else REFUSALS.get(refusal.code, 409)
    return Problem(status, refusal.code, refusal.message, facts=refusal.facts)


def of_validation(error: RequestValidationError) -> Problem:
    """422 with one entry for each wrong field. An unknown field's name is the sender's text: left out."""
    found = []
    faults = error.errors()
    # A field that may be left out is of its type or nothing: that nothing would do too is of no help.
    optional = [tuple(item["loc"][:-1]) for item in faults if item["type"] == "none_required"]
    for item in faults:
        if item["type"] == "none_required":
            continue
        location = [str(part) for part in _without_branch(item["loc"], optional)]
        if item["type"] == "extra_forbidden":
            location.pop()
        found.append(
            {"field": "/".join(location), "code": item["type"].replace("_", "-"), "message": _message(item)}
        )
    return Problem(422, "invalid-request", "fields are wrong; `errors` says which, and how", errors=found)


def _without_branch(
    location: tuple[int | str, ...], optional: Sequence[tuple[int | str, ...]]
) -> tuple[int | str, ...]:
    """`location` without the name that pydantic gives to the one type that a field of `optional` can have."""
    for field in optional:
        if location[: len(field)] == field and len(location) > len(field):
            return (*field, *location[len(field) + 1 :])
    return location


def _message(item: Mapping[str, object]) -> str:
    if item["type"] == "extra_forbidden":
        return "an unknown field"
    if item["type"] == "value_error":
        # Our own validators' words; pydantic puts "Value error, " before them.
        return str(item["msg"]).removeprefix("Value error, ")
    return str(item["msg"])


def of_store(error: Exception) -> Problem:
    """503 while the store is away; anything else it raises is a fault of ours."""
    if is_passing(error):
        return unavailable(
            "store-unavailable", "the outcome is not known: repeat it with the same Idempotency-Key"
        )
    log.error("store-fault", error=type(error).__name__, exc_info=error)
    return internal_error()


def of_http(error: HTTPException) -> Problem:
    """Starlette's own: no such route, no such method."""
    other = ("invalid-request", _NOT_UNDERSTOOD) if error.status_code < 500 else ("internal-error", _FAULT)
    code, detail = _NOT_OURS.get(error.status_code, other)
    return Problem(error.status_code, code, detail, headers=error.headers)


_NOT_OURS: Mapping[int, tuple[str, str]] = {
    404: ("not-found", "there is no such path here; /docs lists those there are"),
    405: ("method-not-allowed", "this path is there, but not with this method; Allow lists its own"),
}

_FIXED: Mapping[type[Exception], Problem] = {
    VersionMismatch: Problem(412, "version-mismatch", "the version is not that of If-Match; read it again"),
    KeyReused: Problem(422, "idempotency-key-reused", "this key was used for another request; make another"),
    StreamBusy: Problem(409, "stream-busy", "others keep changing this; try again"),
    DocumentRefused: Problem(422, "not-storable", "a value is too large, or has no form in the store"),
    Erased: Problem(410, "erased", "this person's details were erased; nobody has them any more"),
}


_KNOWN = (Problem, Refused, RequestValidationError, HTTPException, PyMongoError, StoreUnavailable, *_FIXED)


def problem_of(error: Exception) -> Problem | None:
    """The answer to an error: the one place where that is decided. None for one that nobody has foreseen."""
    match error:
        case Problem():
            return error
        case Refused():
            return of_refusal(error)
        case RequestValidationError():
            return of_validation(error)
        case HTTPException():
            return of_http(error)
        case PyMongoError() | StoreUnavailable():
            return of_store(error)
    return next((problem for kind, problem in _FIXED.items() if isinstance(error, kind)), None)


def install(app: FastAPI) -> None:
    """Have `app` answer every error that is foreseen with its problem document."""

    async def answer(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        assert problem is not None
        request.scope[REASON] = problem.code
        return problem.response()

    for kind in _KNOWN:
        app.add_exception_handler(kind, answer)
