"""A route with the token check, and the same without: what seeing a token again costs a call.

python -m tests.load.doors PORT; prints a token for it, then serves.
"""

from __future__ import annotations

import base64
import os
import sys
from typing import Annotated

import uvicorn
import uvloop
from fastapi import APIRouter, FastAPI, Request, Response, Security

from services.registry.signing import Grant, signers_of
from shared.runtime.access import ISSUER, KeyTable, Principal, bearer
from shared.runtime.http.calls import json_response
from shared.runtime.http.edge import Edge, Gate
from shared.runtime.http.problems import install
from shared.runtime.http.rate import RateLimit
from shared.runtime.http.routes import Route, add_routes
from shared.runtime.mongo import connect, database

NO_STORE = "mongodb://127.0.0.1:9/"
"""Nothing here is ever looked up: key and agreement are known, and nothing is revoked."""
UNLIMITED = RateLimit(quota=1_000_000_000)

Writer = Annotated[Principal, Security(bearer, scopes=["dispatch:write"])]
router = APIRouter(route_class=Route)
SAID = {"id": "request-01a20bba-6635-7424-a8e4-81d825bcf371", "status": "received", "units": ["unit-a"]}


@router.post("/open")
async def open_to_all(request: Request) -> Response:
    return json_response(SAID)


@router.post("/checked")
async def checked(request: Request, principal: Writer) -> Response:
    return json_response(SAID)


async def yes(*_: object) -> bool:
    return True


async def build() -> tuple[FastAPI, str]:
    """The application, with the same layers around it as a service has, and a token that it takes."""
    [signer] = signers_of(base64.b64encode(os.urandom(32)).decode()).values()
    table = KeyTable(database(connect(NO_STORE), "none"))
    table.trust(signer.kid, {"kty": "OKP", "crv": "Ed25519", "kid": signer.kid, "x": signer.x})
    terms = {"details_of": [], "starts_at": "2026-01-01T00:00:00.000Z", "ends_at": "2999-01-01T00:00:00.000Z"}
    table.agreements.take({"_id": "agreement-1", "unit": "unit-a", **terms})
    app = FastAPI()
    app.state.keys = table
    add_routes(app, router)
    install(app)
    app.add_middleware(Edge, gate=Gate(lambda: True, yes, yes, UNLIMITED))
    scopes = frozenset({"dispatch:read", "dispatch:write", "notify:read", "registry:read"})
    grant = Grant("client-1", "client-1", "unit", scopes, ("shaba",), "unit-a")
    return app, signer.token(grant, ISSUER, lifetime=86_400)[0]


async def main(port: int) -> None:
    app, token = await build()
    print(token, flush=True)
    config = uvicorn.Config(app, port=port, http="httptools", log_level="warning", access_log=False)
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
