"""How registry's routes list and show what is on record: the same for every kind of thing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request, Response, Security
from pydantic import Field

from services.registry.views import Asked, Records, number_of
from shared.kernel.canonical import Json
from shared.runtime.access import Principal, bearer
from shared.runtime.http.bodies import Code
from shared.runtime.http.calls import json_response
from shared.runtime.http.paging import Page, page_response
from shared.runtime.http.problems import not_found
from shared.runtime.service import Service

Reader = Annotated[Principal, Security(bearer, scopes=["registry:read"])]
Writer = Annotated[Principal, Security(bearer, scopes=["registry:write"])]
Admin = Annotated[Principal, Security(bearer, scopes=["registry:admin"])]
ResidentReader = Annotated[Principal, Security(bearer, scopes=["residents:read"])]

FOLLOWER = "entries"
"""The follower of registry's own log that the read model is made by."""
CATCH_UP_S = 2.0


async def _records(request: Request) -> Records:
    records: Records = request.app.state.records
    return records


RecordsOf = Annotated[Records, Depends(_records)]


class RecordsPage(Page):
    """Which of a list, of whatever kind."""

    community: Code | None = Field(None, description="one of the token's communities; without it all of them")
    stale: bool | None = Field(None, description="whether nobody has confirmed it for 90 days")


class NamedPage(RecordsPage):
    """Which of a list of things with public names."""

    q: str | None = Field(
        None,
        min_length=1,
        max_length=60,
        description="how the name or a word of it begins: in characters, in pinyin whole or by initials, in "
        "Latin letters; upper and lower case are the same",
        examples=["东川", "dongchuan", "dcws"],
    )


async def page_of(
    request: Request,
    principal: Principal,
    kind: str,
    page: Page,
    only: Mapping[str, str | None] | None = None,
) -> Response:
    """A page of things of `kind` in the caller's communities; `only` names facts that must be so."""
    items, following = await items_of(request, principal, kind, page, only)
    return page_response(request, items, following)


def communities_of(principal: Principal, page: Page) -> frozenset[str]:
    """The communities that a list is of: the caller's, or the one asked for. Raises Problem 404."""
    if not isinstance(page, RecordsPage) or page.community is None:
        return principal.communities
    if page.community not in principal.communities:
        raise not_found()
    return frozenset({page.community})


async def items_of(
    request: Request,
    principal: Principal,
    kind: str,
    page: Page,
    only: Mapping[str, str | None] | None = None,
) -> tuple[list[dict[str, Json]], str | None]:
    """What `page_of` answers with: the things, and what the next page begins after."""
    records = await _records(request)
    communities = communities_of(principal, page)
    asked = Asked(
        kind,
        communities,
        {name: value for name, value in (only or {}).items() if value is not None},
        page.stale if isinstance(page, RecordsPage) else None,
        page.q if isinstance(page, NamedPage) else None,
    )
    return await records.page(asked, number_of(page.after()), page.limit)


async def found(request: Request, principal: Principal, kind: str, id: str) -> tuple[dict[str, Json], int]:
    """The thing and its version. Raises Problem 404."""
    records = await _records(request)
    entry = await records.get(kind, id, principal.communities)
    if entry is None:
        raise not_found()
    return entry


async def one(request: Request, principal: Principal, kind: str, id: str) -> Response:
    """The thing with its version as ETag. Raises Problem 404."""
    said, version = await found(request, principal, kind, id)
    return json_response(said, etag=version)


async def named(request: Request, kind: str, community: str, name: Json) -> tuple[str, ...]:
    """The ids of living things that have this name, among all that was on record when this was called."""
    await own_log_heard(request)
    return await (await _records(request)).named(kind, community, name)


async def own_log_heard(request: Request) -> None:
    """Wait until all that is on record now is in the read model, and in the tables of access; for a while."""
    service: Service = request.app.state.service
    head = await service.store.head()
    for follower in service.followers:
        if follower.name == FOLLOWER:
            await follower.wait_for(service.name, head, CATCH_UP_S)
