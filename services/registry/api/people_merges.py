"""Residents and volunteers who were on record twice."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from services.registry.api import shapes
from services.registry.api.bodies import MergeBody
from services.registry.api.lists import Writer
from services.registry.api.records import RECORDS, Call, merge
from shared.events.registry import ResidentRegistered, VolunteerRegistered
from shared.runtime.http.calls import CommandsOf
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route
from shared.runtime.service import Service

router = APIRouter(prefix="/v1", tags=["people"], route_class=Route)


@router.post(
    "/residents/{resident}/merge",
    summary="Say that a resident was on record twice",
    responses=answers(shapes.Merged),
)
async def merge_resident(
    resident: str, body: MergeBody, request: Request, principal: Writer, commands: CommandsOf
) -> Response:
    """200; this record ends, with `merged_into`, and is found no more; its details are kept until the other
    one, or this, is erased. 409 `cannot-merge`, `record-ended`, 422 `unknown-record`."""
    return await _merge(Call(commands, request, principal, resident, ResidentRegistered), body.into)


@router.post(
    "/volunteers/{volunteer}/merge",
    summary="Say that a volunteer was on record twice",
    responses=answers(shapes.Merged),
)
async def merge_volunteer(
    volunteer: str, body: MergeBody, request: Request, principal: Writer, commands: CommandsOf
) -> Response:
    """200; this record ends, with `merged_into`, and is found no more. 409 `cannot-merge`, `record-ended`,
    422 `unknown-record`."""
    return await _merge(Call(commands, request, principal, volunteer, VolunteerRegistered), body.into)


async def _merge(call: Call, into: str) -> Response:
    service: Service = call.request.app.state.service
    response = await merge(call, into)
    # Read again, since the details may have been amended until the very commit of the merge. What a crash
    # leaves listed here is found by the search, and passed over.
    record = await call.commands.read(call.request, call.principal).load(RECORDS, call.id)
    if isinstance(record.facts, ResidentRegistered | VolunteerRegistered):
        await service.sealed.unlist([record.facts.details])
    return response
