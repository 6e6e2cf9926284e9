"""What the authorization server publishes: its keys, and where everything is."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from services.registry.api import oauth_shapes as shapes
from services.registry.signing import Signing
from shared.runtime.access import SCOPES
from shared.runtime.http.calls import json_response
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route
from shared.runtime.service import Service

router = APIRouter(tags=["access"], route_class=Route)

AUTHENTICATION = ["client_secret_basic", "client_secret_post"]


@router.get(
    "/.well-known/jwks.json",
    summary="The public keys of access tokens (RFC 7517)",
    responses=answers(shapes.Keys),
)
async def jwks(request: Request) -> Response:
    """Ed25519 keys, each with `kid`: those that sign, will sign, or have signed what is still good."""
    service: Service = request.app.state.service
    signing: Signing = request.app.state.signing
    keys = [{**jwk, "use": "sig", "alg": "EdDSA"} for jwk in service.keys.keys.values()]
    response = json_response({"keys": keys})
    # Who keeps them for longer would not know a new key when it begins to sign.
    response.headers["Cache-Control"] = f"public, max-age={int(signing.settle_s / 2)}"
    return response


@router.get(
    "/.well-known/oauth-authorization-server",
    summary="What this authorization server can do, and where (RFC 8414)",
    responses=answers(shapes.Metadata),
)
async def metadata(request: Request) -> Response:
    """Addresses begin with `issuer`, which is also the `iss` of every token."""
    issuer = request.app.state.service.keys.issuer
    return json_response(
        {
            "issuer": issuer,
            "token_endpoint": f"{issuer}/oauth/token",
            "token_endpoint_auth_methods_supported": AUTHENTICATION,
            "revocation_endpoint": f"{issuer}/oauth/revoke",
            "revocation_endpoint_auth_methods_supported": AUTHENTICATION,
            "introspection_endpoint": f"{issuer}/oauth/introspect",
            "introspection_endpoint_auth_methods_supported": ["Bearer"],
            "jwks_uri": f"{issuer}/.well-known/jwks.json",
            "scopes_supported": sorted(SCOPES),
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
        }
    )
