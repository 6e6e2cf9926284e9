"""What GeoReport v2 says of a service, of its definition, and of a request; no more than anybody may know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.dispatch.public_requests import PublicRequests, Row
from services.dispatch.public_services import Catalogue, PublicServices
from shared.events.registry import Name, ServicePublished
from shared.kernel.canonical import Json
from shared.runtime.follower import Follower

GRID = "grid"
"""The code of the one attribute of every service: in which grid."""


@dataclass(frozen=True, slots=True)
class Facade:
    """What is known of services and requests here; `follower` is that of `requests`."""

    services: PublicServices
    requests: PublicRequests
    follower: Follower


async def _facade(request: Request) -> Facade:
    facade: Facade = request.app.state.open311
    return facade


FacadeOf = Annotated[Facade, Depends(_facade)]


def listed(id: str, facts: ServicePublished) -> dict[str, Json]:
    """A service in the list. Each has metadata: the grid is asked for."""
    return {
        "service_code": id,
        "service_name": facts.name.zh,
        "description": facts.name.en,
        "metadata": True,
        "type": "realtime",
        "keywords": ",".join((facts.category, *facts.skills)),
        "group": facts.category,
    }


def definition(id: str, grids: Mapping[str, Name]) -> dict[str, Json]:
    """The definition of a service: it asks for a grid of its community."""
    values: list[Json] = [{"key": code, "name": name.zh} for code, name in grids.items()]
    attribute: dict[str, Json] = {
        "variable": True,
        "code": GRID,
        "datatype": "singlevaluelist",
        "required": True,
        "datatype_description": "网格代码; the code of a grid",
        "order": 1,
        "description": "在哪个网格? In which grid is it? An address_id that is the grid's code does as well.",
        "values": values,
    }
    return {"service_code": id, "attributes": [attribute]}


def row_shown(row: Row, catalogue: Catalogue) -> dict[str, Json]:
    """A request. What somebody said and where it is in particular is never shown: the grid is its place."""
    facts = catalogue.services[row.service]
    return {
        "service_request_id": row.id,
        "status": "open" if row.open else "closed",
        "status_notes": row.status,
        "service_name": facts.name.zh,
        "service_code": row.service,
        "description": None,
        "agency_responsible": catalogue.units.get(row.lead_unit or ""),
        "service_notice": None,
        "requested_datetime": row.created_at,
        "updated_datetime": row.updated_at,
        "expected_datetime": row.due,
        "address": None,
        "address_id": row.grid,
        "zipcode": None,
        "lat": None,
        "long": None,
        "media_url": None,
    }
