"""Open311's GeoReport v2, for those who ask: a form becomes an ordinary request.

Who asks, where it is in particular, and what about, are sealed details of the request; the request itself
says its service and its grid. Source: http://wiki.open311.org/GeoReport_v2/, POST Service Request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import SecurityScopes
from pydantic import BaseModel, BeforeValidator, Field, ValidationError
from starlette.datastructures import MutableHeaders

from services.dispatch.aggregates import REQUESTS
from services.dispatch.api import open311_post_shapes as shapes
from services.dispatch.api.desk import DeskOf
from services.dispatch.api.open311 import PREFIX, given, jurisdiction
from services.dispatch.api.open311_format import GeoReport, written
from services.dispatch.api.open311_service import GRID, FacadeOf
from services.dispatch.api.open311_shapes import answered
from services.dispatch.api.taking_in import Asked, facts_of
from services.dispatch.domain.intake import Create
from services.dispatch.public_services import Catalogue
from shared.kernel.canonical import Json, decode_object
from shared.kernel.commit import Answer
from shared.runtime.access import Principal, bearer
from shared.runtime.execute import Transaction
from shared.runtime.http.bodies import read_body
from shared.runtime.http.calls import POSITION, CommandsOf
from shared.runtime.http.openapi import form
from shared.runtime.http.problems import Problem
from shared.runtime.ids import new_id

SCOPE = "dispatch:write"
FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 100
SEEN_WITHIN_S = 1.0
"""How long an answer waits for the request to be among those that can be read."""

router = APIRouter(prefix=PREFIX, tags=["open311"], route_class=GeoReport)

_ATTRIBUTE = re.compile(r"attribute\[([^\]]*)\](\[\])?")
_Blank = BeforeValidator(given)
_Word = Annotated[str | None, Field(max_length=200), _Blank]
_Line = Annotated[str | None, Field(max_length=1000), _Blank]


class Posted(BaseModel):
    """The fields of the form that are heeded. `device_id` and `account_id` are not kept."""

    jurisdiction_id: _Word = None
    service_code: _Word = None
    lat: Annotated[float | None, Field(ge=-90, le=90), _Blank] = None
    long: Annotated[float | None, Field(ge=-180, le=180), _Blank] = None
    address_string: _Line = None
    address_id: _Word = None
    email: _Word = None
    first_name: _Word = None
    last_name: _Word = None
    phone: _Word = None
    description: Annotated[str | None, Field(max_length=4000), _Blank] = None
    media_url: Annotated[str | None, Field(max_length=2000), _Blank] = None

    def details(self, grid: str) -> dict[str, Json]:
        """What is sealed of it, as far as there is any."""
        said: dict[str, Json] = {
            "text": self.description,
            "address": self.address_string,
            "address_id": None if self.address_id == grid else self.address_id,
            **self.model_dump(include={"email", "first_name", "last_name", "phone", "media_url"}),
        }
        if self.lat is not None and self.long is not None:
            said["position"] = {"latitude": f"{self.lat:.6f}", "longitude": f"{self.long:.6f}"}
        return {name: value for name, value in said.items() if value is not None}


@router.post(
    "/requests.{format}",
    status_code=201,
    summary="Ask for a service",
    responses=answered(shapes.PostedList, 201),
    openapi_extra={**form(shapes.RequestForm), "security": [{"oauth2": [SCOPE]}]},
)
async def create(
    format: str, request: Request, facade: FacadeOf, desk: DeskOf, commands: CommandsOf
) -> Response:
    """201 with the request's id. 403 without a key that may write; 404 for an unknown jurisdiction or
    service; 400 for what is missing or wrong.

    The key is an access token with the scope `dispatch:write`, as `api_key` or as `Authorization: Bearer`.
    """
    fields = await _fields(request)
    principal = await _caller(request, fields.get("api_key"))
    posted = _posted(fields)
    catalogue = await facade.services.catalogue()
    service = _service(posted, catalogue)
    grid = _grid(posted, fields, catalogue, catalogue.services[service].community)
    id = new_id("request")

    async def work(transaction: Transaction) -> Answer:
        asked = Asked(service, grid, "web")
        facts = await facts_of(asked, transaction.context.now, principal, desk)
        details = posted.details(grid)
        if details:
            sealed = transaction.seal(id, details, person=False)
            facts = facts.model_copy(update={"details": sealed})
        await transaction.begin(REQUESTS, id, Create(facts))
        said: dict[str, Json] = {"service_request_id": id, "service_notice": None, "account_id": None}
        return Answer(201, said, f"{PREFIX}/requests/{id}.{format}", 1)

    done = await commands.run(request, principal, work)
    _, _, position = done.headers.get(POSITION, "").partition("@")
    if position:
        await facade.follower.wait_for(desk.service.name, int(position), SEEN_WITHIN_S)
    answer = written(format, "service_requests", [decode_object(bytes(done.body))], done.status_code)
    for name in ("Location", "ETag", POSITION):
        if name in done.headers:
            answer.headers[name] = done.headers[name]
    return answer


async def _fields(request: Request) -> dict[str, str]:
    """The fields of the form. What tells a repeat by its Idempotency-Key is all but the key, which is renewed
    from time to time. Raises Problem 400 for what is no form."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Problem(400, "not-a-form", f"send the request as {FORM}")
    body = await read_body(request.receive, request.headers.get("content-length"))
    try:
        pairs = parse_qsl(body.decode(), errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Problem(400, "not-a-form", "the form cannot be read; send it as UTF-8") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Problem(400, "field-twice", "a field is there twice; send each once")
    kept = sorted((name, value) for name, value in pairs if name != "api_key")
    request.scope["linli.body"] = urlencode(kept).encode()
    return fields


async def _caller(request: Request, key: str | None) -> Principal:
    """Whose key it is. Raises Problem, see `bearer`."""
    if key is not None and "authorization" not in request.headers:
        if not key.isascii():
            raise Problem(403, "token-invalid", "this api_key is no access token")
        MutableHeaders(scope=request.scope)["authorization"] = f"Bearer {key}"
    return await bearer(Request(request.scope), SecurityScopes([SCOPE]))


def _posted(fields: Mapping[str, str]) -> Posted:
    """Raises RequestValidationError; Problem 400 for a request without a full location."""
    try:
        posted = Posted.model_validate(fields)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False)) from None
    placed = (posted.address_string, posted.address_id, posted.lat if posted.long is not None else None)
    if all(each is None for each in placed) or (posted.lat is None) != (posted.long is None):
        message = "say where: lat and long, an address_string, or an address_id"
        raise Problem(400, "location-missing", message)
    return posted


def _service(posted: Posted, catalogue: Catalogue) -> str:
    """The service that is asked for. Raises Problem 400 and 404."""
    community = jurisdiction(catalogue, posted.jurisdiction_id)
    if posted.service_code is None:
        raise Problem(400, "service-missing", "name the service_code that is asked for")
    if posted.service_code not in catalogue.offers(community):
        raise Problem(404, "unknown-service", "this jurisdiction offers no such service; see services")
    return posted.service_code


def _grid(posted: Posted, fields: Mapping[str, str], catalogue: Catalogue, community: str) -> str:
    """The grid that the request is in. Raises Problem 400."""
    attributes = {match[1]: fields[name] for name in fields if (match := _ATTRIBUTE.fullmatch(name))}
    grid = given(attributes.pop(GRID, None)) or posted.address_id
    if attributes:
        raise Problem(400, "unknown-attribute", "the service has no such attribute; see its definition")
    if grid is None:
        message = "say in which grid: attribute[grid], or an address_id that is a grid's code"
        raise Problem(400, "grid-missing", message)
    if grid not in catalogue.grids.get(community, {}):
        raise Problem(
            400, "unknown-grid", "there is no such grid; the service's definition has those there are"
        )
    return str(grid)
