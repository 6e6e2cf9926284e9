"""The routes that every service has: its health, its metrics, its log, the events it speaks of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response, Security
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict, Field

from shared.kernel.canonical import Json, encode
from shared.kernel.cloudevent import documents
from shared.kernel.event import Event, Partners
from shared.kernel.example import example_event
from shared.kernel.partner import concerns, partner_form
from shared.runtime.access import Principal, bearer
from shared.runtime.http import shapes
from shared.runtime.http.asyncapi import asyncapi_document, schema_of, summary_of
from shared.runtime.http.calls import json_response
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.problems import Problem
from shared.runtime.http.routes import Route
from shared.runtime.parking import parked_events

if TYPE_CHECKING:
    from shared.runtime.service import Service


ExampleOf = Callable[[str], Mapping[str, Json]]

PARKED_SHOWN = 500
FOLLOWING = "service"
"""The role of the services' own clients, which follow the whole of each other's logs."""
METRICS: dict[int | str, dict[str, object]] = {
    200: {
        "description": "Prometheus' text format",
        "content": {"text/plain": {"example": 'linli_http_requests_total{method="GET",status="200"} 7.0'}},
    }
}


class EventsPage(BaseModel):
    """Where to read on from, and how many commits at the most."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(0, ge=0, lt=2**53, description="the `next` of the page before; 0 from the beginning")
    limit: int = Field(100, ge=1, le=500, description="commits at the most; commits come whole")


def system_routes(
    service: Service, event_types: Mapping[str, type[Event]], example_of: ExampleOf
) -> APIRouter:
    """The routes of `service`. `example_of` gives the data of an event of a type."""
    router = APIRouter(route_class=Route)

    @router.get("/livez", tags=["system"], summary="The process runs", responses=answers(shapes.Alive))
    async def livez() -> Response:
        return json_response({"status": "alive"})

    @router.get(
        "/readyz",
        tags=["system"],
        summary="The service can do its work; what it depends on",
        responses=answers(shapes.Ready, 200, 503),
    )
    async def readyz() -> Response:
        dependencies = await service.dependencies()
        ready = dependencies["store"] == "up" and service.has_settled()
        body = {"status": "ready" if ready else "not-ready", "dependencies": dependencies}
        return Response(encode(body), 200 if ready else 503, media_type="application/json")

    @router.get(
        "/metrics",
        tags=["system"],
        summary="Prometheus metrics",
        response_class=PlainTextResponse,
        responses=METRICS,
    )
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    _tell(router, service)
    _operate(router, service)
    _describe(router, service.name, event_types, example_of)
    return router


def _tell(router: APIRouter, service: Service) -> None:
    """The route of the log: all for the services that follow it, for others that of their communities."""

    @router.get(
        "/v1/events",
        tags=["events"],
        summary="This service's log, as CloudEvents",
        responses=answers(listed(shapes.CloudEvent)),
    )
    async def events(
        page: Annotated[EventsPage, Query()],
        principal: Annotated[Principal, Security(bearer, scopes=["events:read"])],
    ) -> Response:
        commits = await service.store.read(page.after, page.limit)
        found = [document for commit in commits for document in documents(service.name, commit)]
        if principal.role != FOLLOWING:
            found = [event for event in found if event["community"] in principal.communities]
        if principal.unit is not None:
            unit = principal.unit
            found = [partner_form(event, unit) for event in found if concerns(_data(event), unit)]
        following = str(commits[-1].pos) if commits else None
        return json_response({"items": found, "next": following})


def _operate(router: APIRouter, service: Service) -> None:
    """The routes by which events that could not be taken are looked at and tried again."""

    @router.get(
        "/v1/parked",
        tags=["operation"],
        summary="Events that this service could not take",
        responses=answers(listed(shapes.Parked)),
    )
    async def parked(_: Annotated[Principal, Security(bearer, scopes=["operate"])]) -> Response:
        items = await parked_events(service.database, PARKED_SHOWN)
        return json_response({"items": items, "next": None})

    @router.post(
        "/v1/parked/redrive",
        tags=["operation"],
        summary="Try parked events again, in order",
        responses=answers(shapes.Redriven),
    )
    async def redrive(_: Annotated[Principal, Security(bearer, scopes=["operate"])]) -> Response:
        return json_response(await service.redrive())


def _describe(
    router: APIRouter, service: str, event_types: Mapping[str, type[Event]], example_of: ExampleOf
) -> None:
    """The routes that tell what this service's events are."""

    @router.get(
        "/v1/asyncapi.json",
        tags=["events"],
        summary="The events of this service as AsyncAPI 3",
        responses=answers(shapes.AsyncApi),
    )
    async def asyncapi() -> Response:
        return json_response(asyncapi_document(service, event_types))

    @router.get(
        "/v1/event-types",
        tags=["events"],
        summary="The event types of this service",
        responses=answers(listed(shapes.EventType)),
    )
    async def list_types(
        request: Request,
        told: Annotated[
            bool | None, Query(description="true: those that units are told of; false: others")
        ] = None,
    ) -> Response:
        """What each says, its JSON Schema, and an example: as a unit is told of it, if units are, else as it
        stands in the log."""
        base = str(request.base_url).rstrip("/")
        wanted = [each for each in event_types.values() if told in (None, issubclass(each, Partners))]
        items = [
            {
                **_described(model, base),
                "example": example_event(service, model, example_of(model.type)),
            }
            for model in sorted(wanted, key=lambda each: each.type)
        ]
        return json_response({"items": items, "next": None})

    @router.get(
        "/v1/event-types/{name}",
        tags=["events"],
        summary="The JSON Schema of an event's data",
        responses=answers(shapes.EventSchema),
    )
    async def schema(name: str) -> Response:
        if name not in event_types:
            raise Problem(404, "not-found", "no event type has that name; /v1/event-types lists them")
        return json_response(schema_of(event_types[name]))


def _described(model: type[Event], base: str) -> dict[str, Json]:
    return {
        "type": model.type,
        "description": summary_of(model),
        "told": issubclass(model, Partners),
        "schema": f"{base}/v1/event-types/{model.type}",
    }


def _data(document: Mapping[str, Json]) -> dict[str, Json]:
    data = document["data"]
    assert isinstance(data, dict)
    return data
