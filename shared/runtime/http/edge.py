"""The outermost layer of a service: what happens to every call before a route and after it.

Request id and trace context, the body's limit and strictness, the consistency token, the rate limit,
metrics, and a problem document for whatever nobody caught. Plain ASGI: it is on every call's path.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import getrandbits
from time import perf_counter

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.runtime.http.bodies import read_body, read_json, replayed
from shared.runtime.http.problems import CALLER, REASON, Problem, internal_error, problem_of, unavailable
from shared.runtime.http.rate import RateLimit
from shared.runtime.http.routes import JSON, is_direct
from shared.runtime.http.table import Table
from shared.runtime.ids import new_event_id
from shared.runtime.logs import CALL

CALLS = Counter("linli_http_requests_total", "calls", ["method", "status"])
SECONDS = Histogram("linli_http_request_seconds", "time to answer", ["method"])
REFUSED = Counter(
    "linli_access_refused", "calls that were not let in, by the code of the refusal", ["reason"]
)

_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}$")
_TRACEPARENT = re.compile(r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
_AFTER = re.compile(r"^(registry|dispatch|notify|audit)@([0-9]{1,15})$")
_WITH_BODY = {"POST", "PUT", "PATCH"}
FORM = "application/x-www-form-urlencoded"
ALWAYS_OPEN = ("/livez", "/readyz", "/metrics")
"""Paths that are answered whatever the state of the service, and not counted by the rate limit."""

log = structlog.get_logger()


@dataclass(slots=True)
class Gate:
    """What the edge asks of its service: whether it is open, and whether it has caught up."""

    is_open: Callable[[], bool]
    knows: Callable[[str], Awaitable[bool]]
    """Whether an access token is good: nobody else is waited for."""
    has_caught_up: Callable[[str, int], Awaitable[bool]]
    """Whether commit `pos` of a service is applied here; waits a little for it."""
    rate: RateLimit
    files: tuple[str, ...] = ()
    """How the paths begin whose bodies are files, `*` for one part of it: the route reads such itself, once
    it knows who sends it."""
    table: Table = field(default_factory=lambda: Table([]))
    """Its routes."""


class Edge:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate
        self._files = _beginning(gate.files)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        call = _Call(scope, headers, send)
        CALL.set(call)
        try:
            await self._handle(call, headers, receive)
        finally:
            call.over = True

    async def _handle(self, call: _Call, headers: Headers, receive: Receive) -> None:
        started, scope = perf_counter(), call.scope
        try:
            receive = await self._admit(call, headers, receive)
            await self._app_for(scope)(scope, receive, call.send)
        except Exception as error:
            problem = problem_of(error)
            if problem is None:
                log.error("call-failed", path=scope["path"], exc_info=error)
            await call.answer(problem or internal_error(), receive)
        took = perf_counter() - started
        CALLS.labels(scope["method"], str(call.status)).inc()
        SECONDS.labels(scope["method"]).observe(took)
        if call.status >= 400:
            _note_refusal(call, took)

    def _app_for(self, scope: Scope) -> ASGIApp:
        """The route itself, if it needs nothing of what FastAPI has around its routes."""
        found = self._gate.table.find(scope)
        if found is None or not is_direct(found["route"]):
            return self._app
        scope.update(found)
        app: ASGIApp = found["route"].app
        return app

    async def _admit(self, call: _Call, headers: Headers, receive: Receive) -> Receive:
        scope, path = call.scope, call.scope["path"]
        if path in ALWAYS_OPEN:
            return receive
        if not self._gate.is_open():
            raise unavailable("starting", "the service cannot reach its store yet; try again soon")
        # By address: whatever else a caller sends can be made up anew for each call.
        call.limits = self._gate.rate.count(str((scope.get("client") or ("", 0))[0]))
        after, token = headers.get("linli-after"), headers.get("authorization", "")
        if after is not None and await self._gate.knows(token.partition(" ")[2]):
            await self._wait_until(after)
        if scope["method"] not in _WITH_BODY or self._files.match(path):
            return receive
        body = await read_body(receive, headers.get("content-length"))
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type == "application/json":
            if body:
                scope[JSON] = read_json(body)
        elif body and not (path.startswith("/oauth/") and media_type == FORM):
            raise Problem(415, "unsupported-media-type", "body and Content-Type must be application/json")
        scope["linli.body"] = body
        return replayed(body, receive)

    async def _wait_until(self, after: str) -> None:
        match = _AFTER.match(after)
        if match is None:
            raise Problem(400, "invalid-consistency-token", "Linli-After must be what Linli-Position said")
        if not await self._gate.has_caught_up(match[1], int(match[2])):
            raise unavailable("not-caught-up", "this service has not heard of that position yet; try again")


class _Call:
    """One call: its ids, its status, and the headers that every answer carries."""

    def __init__(self, scope: Scope, headers: Headers, send: Send) -> None:
        given, trace = headers.get("x-request-id", ""), headers.get("traceparent", "")
        self.request_id = given if _REQUEST_ID.match(given) else new_event_id()
        self.traceparent = trace if _TRACEPARENT.match(trace) else _new_traceparent()
        self.over = False
        self.status = 0
        self.limits: dict[str, str] = {}
        self.scope = scope
        self._send = send
        scope["linli.request_id"] = self.request_id
        scope["linli.traceparent"] = self.traceparent

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers.append("x-request-id", self.request_id)
            for name, value in self.limits.items():
                headers.append(name, value)
        await self._send(message)

    async def answer(self, problem: Problem, receive: Receive) -> None:
        """Send `problem`, unless an answer has begun: then the connection is all that can be cut."""
        if self.status:
            raise problem
        self.scope[REASON] = problem.code
        await problem.response()(self.scope, receive, self.send)


def _note_refusal(call: _Call, took: float) -> None:
    """Log it with its code and, if it is known, its client; count those that were not let in."""
    reason = str(call.scope.get(REASON, "none"))
    known = {"client": call.scope[CALLER]} if CALLER in call.scope else {}
    log.info("call-refused", status=call.status, code=reason, took_ms=round(took * 1000), **known)
    if call.status in (401, 403, 429):
        REFUSED.labels(reason).inc()


def _beginning(files: tuple[str, ...]) -> re.Pattern[str]:
    """What matches a path that begins as one of `files`; nothing, if there are none."""
    ways = [re.escape(file).replace(r"\*", "[^/]+") for file in files]
    return re.compile("|".join(ways) or "(?!)")


def _new_traceparent() -> str:
    random = f"{getrandbits(192):048x}"
    return f"00-{random[:32]}-{random[32:]}-01"
