"""A command as a call: its conditions read from the headers, its outcome written as a response."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

from fastapi import Depends, Request, Response

from shared.kernel.canonical import Json, encode
from shared.kernel.commit import Actor, Answer
from shared.kernel.times import to_milliseconds
from shared.runtime.access import Principal
from shared.runtime.execute import Context, Executor, Outcome, Transaction
from shared.runtime.http.problems import Problem
from shared.runtime.ids import idempotent_commit_id, new_event_id
from shared.runtime.keyring import Keyring
from shared.runtime.timers import Clock

POSITION = "Linli-Position"
_KEY = re.compile(r'^(?:"([\x21\x23-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255}))$')
_ETAG = re.compile(r'^"([0-9]{1,9})"$')


class Commands:
    """Runs the commands of one service's routes. `service` names it in `Linli-Position`."""

    def __init__(self, service: str, executor: Executor, keyring: Keyring, clock: Clock) -> None:
        self._service = service
        self._executor = executor
        self._keyring = keyring
        self._clock = clock

    async def run(
        self,
        request: Request,
        principal: Principal,
        work: Callable[[Transaction], Awaitable[Answer]],
        secrets: Callable[[], Mapping[str, Json]] | None = None,
    ) -> Response:
        """Execute `work` for this call. What `secrets` gives is shown in the first answer only: in the
        log, and in every repeat, those fields are null."""
        outcome = await self._executor.execute(self._context(request, principal), work)
        shown = secrets() if secrets is not None and not outcome.replayed else {}
        return self._respond(outcome, shown)

    def read(self, request: Request, principal: Principal) -> Transaction:
        """A transaction that only reads."""
        return self._executor.reading(self._context(request, principal))

    def _context(self, request: Request, principal: Principal) -> Context:
        path, method = str(request.scope["path"]), request.method
        key = _idempotency_key(request) if method != "GET" else None
        body: bytes = request.scope.get("linli.body", b"")
        return Context(
            actor=Actor(principal.role, principal.client),
            now=to_milliseconds(self._clock()),
            correlation=request.scope["linli.request_id"],
            traceparent=request.scope["linli.traceparent"],
            commit_id=idempotent_commit_id(principal.client, method, path, key) if key else new_event_id(),
            repeatable=key is not None,
            request_mac=self._keyring.mac(method.encode(), path.encode(), body) if key else None,
            if_match=_if_match(request),
        )

    def _respond(self, outcome: Outcome, shown: Mapping[str, Json]) -> Response:
        answer = outcome.answer
        headers: dict[str, str] = {}
        if answer.location is not None:
            headers["Location"] = answer.location
        if answer.etag is not None:
            headers["ETag"] = f'"{answer.etag}"'
        if outcome.pos is not None:
            headers[POSITION] = f"{self._service}@{outcome.pos}"
        if shown:
            headers["Cache-Control"] = "no-store"
        return Response(encode({**answer.body, **shown}), answer.status, headers, "application/json")


def _idempotency_key(request: Request) -> str | None:
    given = request.headers.get("idempotency-key")
    if given is None:
        return None
    match = _KEY.match(given)
    if match is None:
        raise Problem(400, "invalid-idempotency-key", "send 1 to 255 visible ASCII characters")
    return match[1] or match[2]


def _if_match(request: Request) -> int | None:
    given = request.headers.get("if-match")
    if given is None or given == "*":
        return None
    match = _ETAG.match(given)
    if match is None:
        raise Problem(400, "invalid-if-match", 'send an ETag of this service, for example "4"')
    return int(match[1])


async def commands_of(request: Request) -> Commands:
    """The service's `Commands`: a route that depends on this and is no GET is a command."""
    commands: Commands = request.app.state.commands
    return commands


CommandsOf = Annotated[Commands, Depends(commands_of)]
"""The dependency by which a route gets its service's `Commands`."""


def json_response(value: object, etag: int | None = None, links: str | None = None) -> Response:
    """`value` as JSON, with the version as ETag and a Link header where given."""
    response = Response(encode(value), media_type="application/json")
    if etag is not None:
        response.headers["ETag"] = f'"{etag}"'
    if links is not None:
        response.headers["Link"] = links
    return response
