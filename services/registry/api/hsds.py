"""The catalogue for other systems, without a token: HSDS 3.0, read only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.registry import hsds
from services.registry.api import hsds_shapes as shapes
from services.registry.entries import Entry
from services.registry.public_catalogue import PublicCatalogue
from shared.kernel.canonical import Json
from shared.runtime.http.bodies import Code
from shared.runtime.http.calls import json_response
from shared.runtime.http.openapi import answers
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/hsds", tags=["hsds"], route_class=Route)

KEPT_S = 60
"""How long others may keep an answer."""


class OrganizationsPage(BaseModel):
    """Which organizations, and which page of them."""

    model_config = ConfigDict(extra="forbid")

    page: int = Field(1, ge=1, le=1_000_000)
    per_page: int = Field(50, ge=1, le=500)
    community: Code | None = None

    def of(self, entries: list[Entry], said: Callable[[Entry], dict[str, Json]]) -> Response:
        """The page as an answer."""
        return _public(hsds.Part(self.page, self.per_page).of([said(entry) for entry in entries]))


class ServicesPage(OrganizationsPage):
    """Which services, and which page of them."""

    organization_id: UUID | None = None
    full: bool = Field(False, description="with schedules, attributes and the organization")


def _public(said: dict[str, Json]) -> Response:
    response = json_response(said)
    response.headers["Cache-Control"] = f"public, max-age={KEPT_S}"
    return response


def _catalogue(request: Request) -> PublicCatalogue:
    catalogue: PublicCatalogue = request.app.state.catalogue
    return catalogue


@router.get("/", summary="What this API is", responses=answers(shapes.Api))
async def about(request: Request) -> Response:
    """The release of HSDS, and where this API is described."""
    base = str(request.base_url).rstrip("/")
    return _public({"version": hsds.VERSION, "profile": hsds.PROFILE, "openapi_url": f"{base}/openapi.json"})


@router.get("/services", summary="Services that anybody may ask for", responses=answers(shapes.ServicesPart))
async def services(request: Request, page: Annotated[ServicesPage, Query()]) -> Response:
    """Those that are in the catalogue now and public, in the order in which they came into it."""
    catalogue = _catalogue(request)
    organization = str(page.organization_id) if page.organization_id is not None else None
    found = catalogue.services(page.community, organization)
    return page.of(found, lambda entry: hsds.service(entry, catalogue.units, page.full))


@router.get("/services/{id}", summary="One service in full", responses=answers(shapes.Service))
async def service(id: str, request: Request) -> Response:
    """404 if there is none of this UUID. One that was withdrawn is `defunct`."""
    catalogue = _catalogue(request)
    entry = catalogue.service(id.lower())
    if entry is None:
        raise not_found()
    return _public(hsds.service(entry, catalogue.units, True))


@router.get(
    "/organizations", summary="The units that lead services", responses=answers(shapes.OrganizationsPart)
)
async def organizations(request: Request, page: Annotated[OrganizationsPage, Query()]) -> Response:
    """Partner units that take part now."""
    return page.of(_catalogue(request).organizations(page.community), hsds.organization)


@router.get("/organizations/{id}", summary="One unit", responses=answers(shapes.Organization))
async def organization(id: str, request: Request) -> Response:
    """404 if none of this UUID takes part."""
    entry = _catalogue(request).organization(id.lower())
    if entry is None:
        raise not_found()
    return _public(hsds.organization(entry))
