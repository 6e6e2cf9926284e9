"""What registry answers as the authorization server: clients, tokens, keys. For its OpenAPI document."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from services.registry.api.shapes import CLIENT, Registered
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.http.shapes import Absent
from shared.runtime.ids import Id


class ClientSecret(Registered):
    """The client and its secret, which is shown here only: in a repeat it is null."""

    example: ClassVar[Document] = {"id": CLIENT, "client_id": CLIENT, "client_secret": "shown-only-once"}

    client_id: Id
    client_secret: str | None


class Revoked(Registered):
    """The client is revoked."""

    example: ClassVar[Document] = {"id": CLIENT, "revoked": True}

    revoked: Literal[True]


class TokenForm(Shape):
    """Client credentials (RFC 6749, 4.4.2). `client_id` and `client_secret` may come by HTTP Basic."""

    example: ClassVar[Document] = {
        "grant_type": "client_credentials",
        "client_id": CLIENT,
        "client_secret": "shown-only-once",
        "scope": "dispatch:read dispatch:write",
    }

    grant_type: Literal["client_credentials"]
    client_id: str | Absent = None
    client_secret: str | Absent = None
    scope: str | Absent = Field(
        None, description="those wanted, by spaces; without it all that the client has"
    )


class Token(Shape):
    """An access token (RFC 6749, 5.1)."""

    example: ClassVar[Document] = {
        "access_token": "header.claims.signature",
        "token_type": "Bearer",
        "expires_in": 600,
        "scope": "dispatch:read dispatch:write",
    }

    access_token: str = Field(description="a JWT; send it as `Authorization: Bearer …`")
    token_type: Literal["Bearer"]
    expires_in: int = Field(description="seconds")
    scope: str


class TokenError(Shape):
    """An error of RFC 6749, 5.2."""

    example: ClassVar[Document] = {"error": "invalid_client"}

    error: Literal["invalid_request", "invalid_client", "unsupported_grant_type", "invalid_scope"]


class Key(Shape):
    """A public key (RFC 8037)."""

    example: ClassVar[Document] = {
        "kty": "OKP",
        "crv": "Ed25519",
        "kid": "21fe31dfa154a261",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "use": "sig",
        "alg": "EdDSA",
    }

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    kid: str
    x: str
    use: Literal["sig"]
    alg: Literal["EdDSA"]


class Keys(Shape):
    """A JWK Set (RFC 7517) of the keys that sign access tokens."""

    example: ClassVar[Document] = {"keys": [Key.example]}

    keys: list[Key]
