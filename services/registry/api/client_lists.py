"""API clients, listed and shown: never their names and secrets, which are sealed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.registry.api import shapes
from services.registry.api.lists import Admin, RecordsOf, found
from services.registry.uses import Uses
from services.registry.views import Asked, number_of
from shared.runtime.http.calls import json_response
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.paging import Page, page_response
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1/clients", tags=["access"], route_class=Route)


@router.get("", summary="API clients", responses=answers(listed(shapes.Client)))
async def clients(
    request: Request, page: Annotated[Page, Query()], principal: Admin, records: RecordsOf
) -> Response:
    """Ids, roles, units and last use of those that are not revoked; names and secrets are kept sealed."""
    asked = Asked("client", principal.communities, {}, None, None)
    items, following = await records.page(asked, number_of(page.after()), page.limit)
    uses: Uses = request.app.state.uses
    used = await uses.last([str(item["id"]) for item in items])
    return page_response(
        request, [{**item, "last_used_at": used.get(str(item["id"]))} for item in items], following
    )


@router.get("/{client}", summary="One API client", responses=answers(shapes.Client, headers=[ETAG]))
async def client(client: str, request: Request, principal: Admin) -> Response:
    """404 if there is none, or it was revoked."""
    said, version = await found(request, principal, "client", client)
    uses: Uses = request.app.state.uses
    used = await uses.last([client])
    return json_response({**said, "last_used_at": used.get(client)}, etag=version)
