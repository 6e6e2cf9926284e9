"""Tables of what a community has, put on record as they are sent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, Security
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict

from services.registry.api import table_shapes
from services.registry.api.lists import own_log_heard
from services.registry.api.records import community_for
from services.registry.imports.engine import Import
from services.registry.imports.judging import Judge
from services.registry.imports.kind import Kind
from services.registry.imports.kinds import KINDS
from services.registry.imports.rows import Reader, Sheet
from services.registry.imports.table import Unreadable
from shared.kernel.canonical import Json, encode
from shared.kernel.commit import Actor
from shared.kernel.times import to_milliseconds
from shared.runtime.access import Principal, bearer
from shared.runtime.execute import Context
from shared.runtime.http.bodies import read_body
from shared.runtime.http.calls import json_response
from shared.runtime.http.problems import Problem
from shared.runtime.http.routes import Route
from shared.runtime.ids import new_event_id
from shared.runtime.service import Service

PATH = "/v1/imports/"
LIMIT = 20 * 1024 * 1024
"""Bytes of a file, at the most."""

router = APIRouter(prefix="/v1", tags=["tables"], route_class=Route)


class ImportQuery(BaseModel):
    """What is wanted of the file."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = False


async def _import(kind: Kind, request: Request, principal: Principal, dry_run: bool) -> Response:
    service: Service = request.app.state.service
    data = await read_body(request.receive, request.headers.get("content-length"), LIMIT)
    sheet = await _sheet(kind, data, principal, service)

    async def heard() -> None:
        await own_log_heard(request)

    def context() -> Context:
        return context_of(request, principal)

    reading = service.executor.reading(context())
    reads_details = "details:read" in principal.scopes
    judge = Judge(kind, request.app.state.records, service.sealed, reading, reads_details)
    order = Import(kind, judge, service.executor, context, heard)
    await heard()
    if dry_run:
        return json_response(await order.report(sheet))
    return StreamingResponse(_lines(order.run(sheet)), media_type=table_shapes.NDJSON)


async def _sheet(kind: Kind, data: bytes, principal: Principal, service: Service) -> Sheet:
    first = service.settings.community
    reader = Reader(kind, service.keyring.mac, lambda asked: community_for(principal, asked), first)
    try:
        # Beside the loop, which has other calls to serve.
        return await asyncio.to_thread(reader.read, data)
    except Unreadable as fault:
        raise of_fault(fault) from None


def of_fault(fault: Unreadable) -> Problem:
    """The answer to a file that is no table, with the line where it stops to be one."""
    return Problem(422, fault.code, fault.reason, facts={"line": fault.line})


async def _lines(said: AsyncIterator[dict[str, Json]]) -> AsyncIterator[bytes]:
    async for each in said:
        yield encode(each) + b"\n"


def context_of(request: Request, principal: Principal) -> Context:
    """Of one of the commits that a call makes."""
    return Context(
        actor=Actor(principal.role, principal.client),
        now=to_milliseconds(datetime.now(UTC)),
        correlation=request.scope["linli.request_id"],
        commit_id=new_event_id(),
        traceparent=request.scope["linli.traceparent"],
    )


def _route_of(kind: Kind) -> Callable[..., Awaitable[Response]]:
    async def import_table(
        request: Request,
        query: Annotated[ImportQuery, Query()],
        principal: Annotated[Principal, Security(bearer, scopes=[kind.scope])],
    ) -> Response:
        return await _import(kind, request, principal, query.dry_run)

    import_table.__name__ = f"import_{kind.name}"
    import_table.__doc__ = (
        "The body is the CSV itself, UTF-8 or GB18030, of 20 MiB and 50,000 rows at the most. 200 with lines "
        "of JSON as it goes: good rows enter, bad ones are `refused`. Sent again, what has entered "
        "is `unchanged`. 422 with `line` if it is no such table: `unknown-encoding`, `invalid-csv`, "
        "`no-header`, `unknown-column`, `missing-column`, `column-twice`, `too-many-rows`; 413 "
        "`body-too-large`."
    )
    return import_table


for _kind in KINDS.values():
    router.add_api_route(
        f"/imports/{_kind.name}",
        _route_of(_kind),
        methods=["POST"],
        summary=f"Import {_kind.name} from a table",
        responses=table_shapes.import_answers(),
        openapi_extra=table_shapes.file_sent(_kind),
    )
