"""Open311's GeoReport v2, for those who read: services, their definitions, and how requests stand.

Anybody may read. Only services that are public and enter no home are here, and of requests only those that
came from the web and name no resident: no words, no address, no position. Source:
http://wiki.open311.org/GeoReport_v2/ and http://wiki.open311.org/Service_Discovery/
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, Field

from services.dispatch.api import open311_shapes as shapes
from services.dispatch.api.open311_format import GeoReport, written
from services.dispatch.api.open311_service import Facade, FacadeOf, definition, listed, row_shown
from services.dispatch.public_requests import Row, Wanted
from services.dispatch.public_services import Catalogue
from shared.kernel.canonical import Json
from shared.kernel.times import Time, format_time
from shared.runtime.http.problems import Problem, not_found

PREFIX = "/open311/v2"
FORMS = f"{PREFIX}/requests."
"""How the paths begin that take a form: the route reads it itself."""
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
SPAN = timedelta(days=90)
MOST = 1000
KEPT_S = 60
"""How long others may keep what is said of services."""

router = APIRouter(prefix=PREFIX, tags=["open311"], route_class=GeoReport)


def given(value: object) -> object:
    """What is empty counts as left out."""
    return (value.strip() or None) if isinstance(value, str) else value


def _with_plus(value: object) -> object:
    """The `+` of an offset that was not escaped came as a space."""
    return value.replace(" ", "+") if isinstance(value, str) else value


_Blank = BeforeValidator(given)
_Text = Annotated[str | None, _Blank]
_Moment = Annotated[Time | None, BeforeValidator(_with_plus), _Blank]


class Jurisdiction(BaseModel):
    """Whose: a community's code, needed once there is more than one."""

    jurisdiction_id: _Text = None


class RequestsQuery(Jurisdiction):
    """Which requests, and which page of them."""

    service_request_id: _Text = Field(None, description="ids with commas between; overrides all the others")
    service_code: _Text = Field(None, description="codes with commas between")
    start_date: _Moment = Field(None, description="requested then or later; 90 days are the longest span")
    end_date: _Moment = Field(None, description="requested then or earlier")
    updated_after: _Moment = Field(None, description="updated then or later, whenever it was requested")
    updated_before: _Moment = Field(None, description="updated then or earlier")
    status: _Text = Field(None, description="`open`, `closed`, or both with a comma between")
    page: Annotated[int | None, _Blank] = Field(None, ge=1, le=1_000_000, description="1 if left out")
    page_size: Annotated[int | None, _Blank] = Field(None, ge=1, le=MOST, description="1000 if left out")


@router.get("/discovery.{format}", summary="Where this is", responses=shapes.answered(shapes.Discovery))
async def discovery(format: str, request: Request, facade: FacadeOf) -> Response:
    """Service discovery: the endpoint, its formats, and when the services last changed."""
    changed = (await facade.services.catalogue()).changed
    base = str(request.base_url).rstrip("/")
    endpoint: dict[str, Json] = {
        "specification": SPECIFICATION,
        "url": f"{base}{PREFIX}",
        "changeset": changed,
        "type": "production",
        "formats": ["text/xml", "application/json"],
    }
    said: dict[str, Json] = {
        "changeset": changed,
        "contact": "the community office",
        "key_service": "the community office registers a client; its access token is the api_key",
        "endpoints": [endpoint],
    }
    return _kept(written(format, "discovery", said))


@router.get("/services.{format}", summary="Service list", responses=shapes.answered(shapes.Services))
async def services(format: str, query: Annotated[Jurisdiction, Query()], facade: FacadeOf) -> Response:
    """What can be asked for. 404 for an unknown jurisdiction; 400 if there are several and none is named."""
    catalogue = await facade.services.catalogue()
    community = jurisdiction(catalogue, query.jurisdiction_id)
    offered = catalogue.offers(community)
    return _kept(written(format, "services", [listed(id, facts) for id, facts in offered.items()]))


@router.get(
    "/services/{code}.{format}",
    summary="Service definition",
    responses=shapes.answered(shapes.ServiceDefinition),
)
async def service(
    code: str, format: str, query: Annotated[Jurisdiction, Query()], facade: FacadeOf
) -> Response:
    """What has to be said with a request for it: the grid. 404 for an unknown service."""
    catalogue = await facade.services.catalogue()
    community = jurisdiction(catalogue, query.jurisdiction_id)
    if code not in catalogue.offers(community):
        raise Problem(404, "unknown-service", "this jurisdiction offers no such service; see services")
    grids = catalogue.grids.get(community, {})
    return _kept(written(format, "service_definition", definition(code, grids)))


@router.get("/requests.{format}", summary="Service requests", responses=shapes.answered(shapes.Requests))
async def requests(format: str, query: Annotated[RequestsQuery, Query()], facade: FacadeOf) -> Response:
    """The newest first, or what changed last if `updated_after` or `updated_before` is given. Without any
    date: of the last 90 days."""
    catalogue = await facade.services.catalogue()
    readable = catalogue.readable(jurisdiction(catalogue, query.jurisdiction_id))
    if query.service_request_id is not None:
        found = _named(facade, query.service_request_id, readable)
    else:
        found = facade.requests.page(_wanted(query, readable), query.page or 1, query.page_size or MOST)
    shown: list[Json] = [row_shown(row, catalogue) for row in found]
    # Beside the loop, which has other calls to serve: a thousand in XML take a tenth of a second.
    return await asyncio.to_thread(written, format, "service_requests", shown)


@router.get(
    "/requests/{id}.{format}", summary="One service request", responses=shapes.answered(shapes.Requests)
)
async def one_request(
    id: str, format: str, query: Annotated[Jurisdiction, Query()], facade: FacadeOf
) -> Response:
    """How it stands. 404 if there is none that anybody may follow."""
    catalogue = await facade.services.catalogue()
    community = jurisdiction(catalogue, query.jurisdiction_id)
    row = facade.requests.get(id, catalogue.readable(community))
    if row is None:
        raise not_found()
    return written(format, "service_requests", [row_shown(row, catalogue)])


@router.get(
    "/tokens/{token}.{format}", summary="A request's id by a token", responses=shapes.answered(shapes.Tokens)
)
async def of_token(
    token: str, format: str, query: Annotated[Jurisdiction, Query()], facade: FacadeOf
) -> Response:
    """Ids are given at once here, and each is its own token. 404 if there is none."""
    catalogue = await facade.services.catalogue()
    community = jurisdiction(catalogue, query.jurisdiction_id)
    if facade.requests.get(token, catalogue.readable(community)) is None:
        raise not_found()
    return written(format, "service_requests", [{"service_request_id": token, "token": token}])


def jurisdiction(catalogue: Catalogue, given: str | None) -> str:
    """The community that is meant. Raises Problem 404, and 400 if there are several and none is named."""
    known = catalogue.communities
    if given is None and len(known) > 1:
        raise Problem(400, "jurisdiction-missing", "there are several jurisdictions; name a jurisdiction_id")
    if given is not None and given not in known:
        raise Problem(404, "unknown-jurisdiction", "there is no jurisdiction with this jurisdiction_id")
    return given or next(iter(known), "")


def _named(facade: Facade, ids: str, readable: frozenset[str]) -> Sequence[Row]:
    found = (facade.requests.get(id.strip(), readable) for id in dict.fromkeys(ids.split(",")))
    return [row for row in found if row is not None][:MOST]


def _wanted(query: RequestsQuery, readable: frozenset[str]) -> Wanted:
    codes = readable if query.service_code is None else readable & set(query.service_code.split(","))
    updated = (_text(query.updated_after), _text(query.updated_before))
    any_time = updated != (None, None) and query.start_date is None and query.end_date is None
    return Wanted(
        services=codes,
        created=(None, None) if any_time else _span(query.start_date, query.end_date),
        updated=updated,
        open=_open(query.status),
    )


def _span(start: datetime | None, end: datetime | None) -> tuple[str | None, str | None]:
    """From when to when; 90 days, where one end of it or both were left out."""
    if start is not None and end is not None and end - start > SPAN:
        raise Problem(400, "span-too-long", "start_date and end_date are 90 days apart at the most")
    if start is None:
        return format_time((end or datetime.now(UTC)) - SPAN), _text(end)
    return format_time(start), format_time(end or start + SPAN)


def _open(status: str | None) -> bool | None:
    said = set() if status is None else {each.strip() for each in status.split(",")}
    if not said <= {"open", "closed"}:
        raise Problem(400, "unknown-status", "status is open, closed, or both with a comma between")
    return "open" in said if len(said) == 1 else None


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)


def _kept(response: Response) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={KEPT_S}"
    return response
