"""A route that is called directly answers as FastAPI's own would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import SecurityScopes
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Message, Scope

from shared.kernel.canonical import decode, encode
from shared.runtime.http.bodies import read_json
from shared.runtime.http.problems import Problem, install
from shared.runtime.http.routes import JSON, Route, add_routes


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(min_length=1)
    size: int = 3
    parts: list[str] = []


class Wanted(BaseModel):
    limit: int = 5


async def caller(request: Request, needed: SecurityScopes) -> str:
    """Refuses whoever does not say who calls."""
    if "x-caller" not in request.headers:
        raise Problem(401, "token-missing", "say who you are")
    return f"{request.headers['x-caller']} {needed.scopes}"


async def shelf(request: Request) -> str:
    """Something that the application has."""
    return str(request.app.title)


def application(kind: type[APIRoute]) -> FastAPI:
    router = APIRouter(prefix="/v1", route_class=kind)

    @router.post("/shelves/{id}/things/{part}", status_code=201)
    async def create(
        part: str,
        thing: Thing,
        id: str,
        request: Request,
        who: Annotated[str, Security(caller, scopes=["a:b"])],
        where: Annotated[str, Depends(shelf)],
    ) -> Response:
        said = [id, part, who, where, thing.model_dump(), request.method]
        return Response(encode(said), 201, media_type="application/json")

    @router.get("/shelves")
    async def shelves(wanted: Annotated[Wanted, Query()]) -> Response:
        return Response(encode(wanted.model_dump()), media_type="application/json")

    app = FastAPI(title="Shelves")
    add_routes(app, router)
    install(app)
    return app


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    query: str = ""
    caller: str | None = "mei"
    body: bytes = b""


async def answer(kind: type[APIRoute], call: Call) -> tuple[int, bytes]:
    """Status and body, of a call as the server and the edge hand it on."""
    headers = [(b"content-type", b"application/json")]
    if call.caller is not None:
        headers.append((b"x-caller", call.caller.encode()))
    scope: Scope = {
        "type": "http",
        "method": call.method,
        "path": call.path,
        "query_string": call.query.encode(),
        "headers": headers,
        "root_path": "",
    }
    if call.body:
        scope[JSON] = read_json(call.body)
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": call.body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await application(kind)(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


THINGS = "/v1/shelves/架-1/things/.."
BODIES: list[object] = [
    {"name": "茶"},
    {"name": "tea", "size": 1, "parts": ["a"]},
    {"name": ""},
    {"name": "tea", "size": "1"},
    {"name": "tea", "parts": [1, "a", None]},
    {"name": "tea", "other": 1},
    {"size": None},
    {},
    [],
    "tea",
    None,
    7,
]


@pytest.mark.parametrize("body", [*map(encode, BODIES), b""], ids=repr)
async def test_any_body_is_read_and_refused_alike(body: bytes) -> None:
    call = Call("POST", THINGS, body=body)
    assert await answer(Route, call) == await answer(APIRoute, call)


async def test_a_good_call_gets_all_that_its_route_asks_for() -> None:
    status, body = await answer(Route, Call("POST", THINGS, body=b'{"name": "tea"}'))
    thing = {"name": "tea", "size": 3, "parts": []}
    assert status == 201
    assert decode(body) == ["架-1", "..", "mei ['a:b']", "Shelves", thing, "POST"]


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (Call("POST", THINGS, caller=None, body=b"{}"), 401),  # before the body is looked at
        (Call("GET", THINGS), 405),
        (Call("POST", "/v1/nowhere"), 404),
        (Call("GET", "/v1/shelves", "limit=7"), 200),
        (Call("GET", "/v1/shelves", "limit=x"), 422),
    ],
)
async def test_other_calls_are_answered_alike(call: Call, status: int) -> None:
    direct = await answer(Route, call)
    assert direct[0] == status
    assert direct == await answer(APIRoute, call)


def test_both_are_documented_alike() -> None:
    assert application(Route).openapi() == application(APIRoute).openapi()


def test_what_needs_more_than_the_request_goes_the_general_way() -> None:
    create, shelves = application(Route).router.routes[-2:]
    general = application(APIRoute).router.routes[-1]
    assert isinstance(create, Route)
    assert isinstance(shelves, Route)
    assert isinstance(general, APIRoute)
    assert type(create.app) is not type(general.app)
    assert type(shelves.app) is type(general.app)
