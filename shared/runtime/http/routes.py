"""A route's way from the call to its function, laid out once when the route is made.

FastAPI looks at a route's dependencies anew for each call, which costs more than most commands do. A route
that asks for no more than path texts, one body, and things found by the request alone is called directly;
any other goes FastAPI's own way. Documentation is FastAPI's for both. Source: ADR 6.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import iscoroutinefunction, isfunction
from typing import Any, get_type_hints

from fastapi import FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, APIRouter
from fastapi.security import SecurityScopes
from pydantic import TypeAdapter, ValidationError
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

JSON = "linli.json"
"""The key of an ASGI scope under which the edge leaves the body that it has read."""

_MISSING = {"type": "missing", "loc": ("body",), "msg": "Field required", "input": None}


class Route(APIRoute):
    """A route that is called directly where that is possible. For `APIRouter(route_class=Route)`."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        if _is_plain(self.dependant):
            self.app = _Direct.of(self.dependant)


def add_routes(app: FastAPI, router: APIRouter) -> None:
    """Give `app` the routes of `router` as they are, without the layer that `include_router` puts between."""
    app.router.routes.extend(router.routes)


@dataclass(frozen=True, slots=True)
class _Found:
    """A dependency that needs the request, and perhaps the scopes asked for."""

    name: str
    find: Callable[..., Awaitable[object]]
    request: str
    scopes: dict[str, SecurityScopes]

    async def __call__(self, request: Request) -> object:
        return await self.find(**{self.request: request}, **self.scopes)


@dataclass(frozen=True, slots=True)
class _Body:
    """The one body: its parameter's name, and the model it is read with."""

    name: str
    model: TypeAdapter[Any]

    @classmethod
    def of(cls, name: str, model: Any) -> _Body:
        return cls(name, TypeAdapter(model))

    def read(self, scope: Scope) -> object:
        """Raises RequestValidationError, as FastAPI does."""
        if JSON not in scope:
            raise RequestValidationError([_MISSING])
        try:
            return self.model.validate_python(scope[JSON], from_attributes=True)  # as FastAPI asks
        except ValidationError as error:
            found = error.errors(include_url=False)
            raise RequestValidationError(
                [{**item, "loc": ("body", *item["loc"])} for item in found]
            ) from None


@dataclass(frozen=True, slots=True)
class _Direct:
    """The ASGI application of one route."""

    endpoint: Callable[..., Awaitable[Response]]
    found: tuple[_Found, ...]
    path: tuple[str, ...]
    body: _Body | None
    request: str | None

    @classmethod
    def of(cls, dependant: Dependant) -> _Direct:
        assert dependant.call is not None
        bodies = [_Body.of(field.name, field.field_info.annotation) for field in dependant.body_params]
        return cls(
            dependant.call,
            tuple(_found(each) for each in dependant.dependencies),
            tuple(field.name for field in dependant.path_params),
            bodies[0] if bodies else None,
            dependant.request_param_name,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        values: dict[str, object] = {each.name: await each(request) for each in self.found}
        for name in self.path:
            values[name] = scope["path_params"][name]
        if self.body is not None:
            values[self.body.name] = self.body.read(scope)
        if self.request is not None:
            values[self.request] = request
        response = await self.endpoint(**values)
        await response(scope, receive, send)


def is_direct(route: BaseRoute) -> bool:
    """Whether it is called directly."""
    return isinstance(route, Route) and isinstance(route.app, _Direct)


def _found(dependant: Dependant) -> _Found:
    assert dependant.call is not None
    assert dependant.name is not None
    assert dependant.request_param_name is not None
    scopes = SecurityScopes(list(dependant.own_oauth_scopes or ()))
    name = dependant.security_scopes_param_name
    return _Found(
        dependant.name,
        dependant.call,
        dependant.request_param_name,
        {name: scopes} if name is not None else {},
    )


def _is_plain(dependant: Dependant) -> bool:
    call = dependant.call
    return (
        iscoroutinefunction(call)
        and get_type_hints(call).get("return") is Response
        and _asks_for_no_more_than(dependant, path=True, body=True)
        and all(
            each.name is not None
            and each.request_param_name is not None
            and not each.dependencies
            and iscoroutinefunction(each.call if isfunction(each.call) else type(each.call).__call__)
            and _asks_for_no_more_than(each)
            for each in dependant.dependencies
        )
    )


def _asks_for_no_more_than(dependant: Dependant, path: bool = False, body: bool = False) -> bool:
    others = (dependant.query_params, dependant.header_params, dependant.cookie_params)
    named = (
        dependant.http_connection_param_name,
        dependant.response_param_name,
        dependant.background_tasks_param_name,
    )
    texts = all(f.field_info.annotation is str and not f.field_info.metadata for f in dependant.path_params)
    return (
        not any(others)
        and not any(named)
        and (not dependant.path_params or (path and texts))
        and len(dependant.body_params) <= int(body)
    )
