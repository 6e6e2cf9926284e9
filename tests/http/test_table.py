"""The table finds the route that trying one after the other finds."""

from __future__ import annotations

from itertools import product

import pytest
from fastapi import FastAPI, Request, Response
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Scope

from shared.runtime.http.table import Table

PATHS = (
    *("/v1/things", "/v1/things/{id}", "/v1/things/latest", "/v1/latest/{id}", "/v1/{kind}/latest"),
    *("/v1/things/{id}/parts/{part}", "/v1/things/{id}/parts/first", "/v1/things/{id}.json"),
    *("/v1/{kind}/{id:int}/parts", "/v1/things/7/parts", "/v2/{rest:path}", "/v2/things", "/v1/a/b.txt"),
)
WORDS = ("", "v1", "v2", "things", "latest", "parts", "first", "7", "x.json", "架 1", "a", "b.txt")


def application() -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for path, method in product(PATHS, ("GET", "POST")):
        if (path, method) != ("/v1/things", "POST"):

            async def answer(request: Request) -> Response:
                return Response()

            app.add_api_route(path, answer, methods=[method])
    return app


def scope_of(path: str, method: str) -> Scope:
    return {"type": "http", "path": path, "method": method, "root_path": ""}


def first(routes: list[BaseRoute], scope: Scope) -> Scope | None:
    for route in routes:
        match, found = route.matches(scope)
        if match == Match.FULL:
            return dict(found)
    return None


@pytest.mark.parametrize(("method", "some"), [("GET", True), ("POST", True), ("PUT", False)])
def test_it_finds_what_trying_each_finds(method: str, some: bool) -> None:
    routes = application().router.routes
    table, found = Table(routes), 0
    for words in (words for parts in range(1, 5) for words in product(WORDS, repeat=parts)):
        scope = scope_of("/v1/" + "/".join(words), method)
        match, by_table = table.matches(scope)
        if match == Match.FULL:
            found += 1
            assert by_table == first(routes, scope), scope["path"]
        else:
            assert match == Match.NONE
    assert bool(found) is some


def test_it_has_the_routes_that_no_other_may_stand_before() -> None:
    table = Table(application().router.routes)
    paths = {path: path.replace("{", "").replace("}", "") for path in PATHS}
    has = {path for path, called in paths.items() if table.matches(scope_of(called, "GET"))[1]}
    assert {"/v1/things", "/v1/things/{id}", "/v1/things/{id}/parts/{part}"} <= has
    assert not has & {"/v1/things/7/parts", "/v2/things", "/v1/a/b.txt"}


def test_it_is_for_no_other_kind_of_call_and_names_none() -> None:
    table = Table(application().router.routes)
    assert table.matches({"type": "websocket", "path": "/v1/things"})[0] == Match.NONE
    assert table.matches({**scope_of("/v1/things", "GET"), "root_path": "/v1"})[0] == Match.NONE
    with pytest.raises(NoMatchFound):
        table.url_path_for("answer")
