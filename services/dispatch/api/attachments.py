"""Attachments of a request: photos of a fault, signed forms."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from services.dispatch.api import attachment_shapes as shapes
from services.dispatch.api.attached import attached, shown
from services.dispatch.api.desk import (
    Coordinator,
    Desk,
    DeskOf,
    OwnDetailsReader,
    OwnReader,
    OwnWriter,
    request_for,
    require_agreed,
    require_goes,
    require_own_work,
)
from services.dispatch.domain.attachments import ATTACHMENTS, Add, Command, Remove
from services.dispatch.domain.refusals import VISITS_ALONE
from shared.events.details import DetailsViewed, Purpose
from shared.events.dispatch import AttachmentAdded, AttachmentKind, RemovalReason
from shared.events.index import decode
from shared.folds.attachments import Attachments
from shared.folds.request import Request as RequestState
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.kernel.decider import NOT_FOUND, Refused, require
from shared.kernel.event import Event
from shared.runtime.access import Principal
from shared.runtime.execute import Aggregate, Transaction
from shared.runtime.http.calls import POSITION, CommandsOf, json_response
from shared.runtime.http.files import (
    Sent,
    answer_file,
    file_answers,
    files_taken,
    read_file,
    tell_apart_by_query,
)
from shared.runtime.http.openapi import answers
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route
from shared.runtime.ids import Id
from shared.runtime.sealed_files import LONGEST

FILES = "/v1/requests/*/attachments"
"""The paths whose bodies are files."""
OF_REQUEST: Aggregate[Command, Attachments, Event] = Aggregate(ATTACHMENTS, decode)

router = APIRouter(prefix="/v1/requests", tags=["attachments"], route_class=Route)


class AddQuery(BaseModel):
    """What the file is, and of which visit, if it is of one."""

    model_config = ConfigDict(extra="forbid")

    kind: AttachmentKind = "other"
    visit: Id | None = None


class ContentQuery(BaseModel):
    """What the reading is for; it goes on record."""

    model_config = ConfigDict(extra="forbid")

    purpose: Purpose


class RemovalQuery(BaseModel):
    """Why it goes."""

    model_config = ConfigDict(extra="forbid")

    reason: RemovalReason


@router.post(
    "/{id}/attachments",
    status_code=201,
    summary="Attach a file to a request",
    responses=answers(shapes.Added, 201),
    openapi_extra=files_taken(),
)
async def add(
    id: str,
    query: Annotated[AddQuery, Query()],
    request: Request,
    principal: OwnWriter,
    desk: DeskOf,
    commands: CommandsOf,
) -> Response:
    """The body is the file itself, of 10 MiB at the most. 201 with its `id`. 415 `unsupported-media-type`;
    413 `body-too-large`; 422 `empty-file`, `not-what-it-says`, or `consent-withdrawn` if the resident has
    withdrawn consent for `service`; 409 `too-many-attachments`. By a volunteer's client to its own visits
    alone, 403 `staff-only` else."""
    # Before a body of that size is read: who may not, is told so at once.
    _of(await request_for(commands.read(request, principal), id, principal), principal, query.visit)
    sent = await read_file(request, LONGEST)

    async def work(transaction: Transaction) -> Answer:
        state = await request_for(commands.read(request, principal), id, principal)
        subject = await _consenting(state, id, desk)
        there = await transaction.load(OF_REQUEST, id)
        fresh = f"{id}.attachment-{len(there.added) + 1}"
        facts = AttachmentAdded.model_validate(
            {
                **_of(state, principal, query.visit),
                "attachment": fresh,
                "kind": query.kind,
                "media_type": sent.media_type,
                "size": len(sent.data),
                "details": transaction.seal_file(subject, sent.data),
            }
        )
        await transaction.decide(OF_REQUEST, id, Add(facts))
        version = transaction.version(id)
        return Answer(201, _added(facts, version), f"/v1/requests/{id}/attachments/{fresh}", version)

    return await commands.run(request, principal, work)


async def _consenting(state: RequestState, id: str, desk: Desk) -> str:
    """Whose it is: the resident's, who must not object, or the request's where there is none."""
    assert state.created is not None
    if state.created.resident is None:
        return id
    await desk.directory.require_consent(state.created.resident)
    return state.created.resident


def _of(state: RequestState, principal: Principal, visit: str | None) -> dict[str, Json]:
    """What the event says of the request, and of the visit that it is of. Raises Refused `not-found`, and
    `staff-only` for a volunteer who names no visit."""
    created = state.created
    assert created is not None
    said: dict[str, Json] = {
        "community": created.community,
        "units": [*state.units],
        "service": created.service,
        "category": created.category,
        "grid": created.grid,
        "priority": state.priority,
    }
    if visit is None:
        require(principal.volunteer is None, "staff-only", VISITS_ALONE)
        return said
    found = state.visit(visit)
    if found is None:
        raise Refused("not-found", NOT_FOUND)
    require_own_work(principal, found)
    return {**said, "visit": found.id, "volunteer": found.volunteer, "unit": found.unit}


def _added(facts: AttachmentAdded, version: int) -> dict[str, Json]:
    return {
        "id": facts.attachment,
        "kind": facts.kind,
        "media_type": facts.media_type,
        "size": facts.size,
        "visit": facts.visit,
        "version": version,
    }


@router.get(
    "/{id}/attachments",
    summary="A request's attachments",
    responses=answers(shapes.Attachments),
)
async def list_attachments(
    id: str, request: Request, principal: OwnReader, desk: DeskOf, commands: CommandsOf
) -> Response:
    """What there is, oldest first, without content. A unit's client sees those of the request itself and of
    its own visits, a volunteer's those of its own visits alone."""
    await request_for(commands.read(request, principal), id, principal)
    found = attached(await desk.service.store.stream(id), principal)
    return json_response({"items": await shown(found, desk.service.sealed.files)})


@router.get(
    "/{id}/attachments/{attachment}",
    summary="An attachment itself",
    responses=file_answers([POSITION]),
    response_class=Response,
)
async def content(
    id: str,
    attachment: str,
    query: Annotated[ContentQuery, Query()],
    request: Request,
    principal: OwnDetailsReader,
    desk: DeskOf,
    commands: CommandsOf,
) -> Response:
    """The file, as it was sent. The reading is recorded. 410 after an erasure, and once consent is withdrawn;
    403 `details-not-agreed` if the agreement in force does not let a unit's client see it,
    `details-not-yours` for a volunteer's as for other details."""
    transaction = commands.read(request, principal)
    state = await request_for(transaction, id, principal)
    assert state.created is not None
    require_goes(principal, state, query.purpose, transaction.context.now)
    require_agreed(principal, desk, state.created.service)
    there = attached(await desk.service.store.stream(id), principal)
    facts = next((each.facts for each in there if each.facts.attachment == attachment), None)
    if facts is None:
        raise not_found()
    file = Sent(facts.media_type, await desk.service.sealed.files.read(facts.details))
    viewed = DetailsViewed(
        community=state.created.community, subject=attachment, purpose=query.purpose, count=1
    )
    return await answer_file(request, principal, commands, viewed, file, attachment)


@router.delete(
    "/{id}/attachments/{attachment}",
    summary="Remove an attachment",
    responses=answers(shapes.Removed),
)
async def remove(
    id: str,
    attachment: str,
    query: Annotated[RemovalQuery, Query()],
    request: Request,
    principal: Coordinator,
    desk: DeskOf,
    commands: CommandsOf,
) -> Response:
    """200 once its content is deleted for good; the event `attachment-removed` remains."""
    tell_apart_by_query(request)

    async def work(transaction: Transaction) -> Answer:
        await request_for(commands.read(request, principal), id, principal)
        after = await transaction.decide(OF_REQUEST, id, Remove(attachment, query.reason))
        facts = after.get(attachment)
        assert facts is not None
        # Before the event: what is on record as gone must be gone, whenever this process ends.
        await desk.service.sealed.files.delete_named(facts.details)
        version = transaction.version(id)
        return Answer(200, {"id": attachment, "removed": True, "version": version}, etag=version)

    return await commands.run(request, principal, work)
