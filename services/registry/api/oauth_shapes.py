"""What registry answers in the words of OAuth 2: tokens, errors, keys, metadata. For its OpenAPI document."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from services.registry.api.access_shapes import SECRET
from services.registry.api.shapes import CLIENT
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.http.shapes import Absent


class TokenForm(Shape):
    """Client credentials (RFC 6749, 4.4.2). `client_id` and `client_secret` may come by HTTP Basic; those of
    a personal token are its id and it itself."""

    example: ClassVar[Document] = {
        "grant_type": "client_credentials",
        "client_id": CLIENT,
        "client_secret": SECRET,
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

    error: Literal[
        "invalid_request",
        "invalid_client",
        "unsupported_grant_type",
        "invalid_scope",
        "invalid_grant",
        "unsupported_token_type",
        "unauthorized_client",
    ]
    error_description: str | None = Field(None, description="for `unauthorized_client`: what is missing")


class RevocationForm(Shape):
    """What to revoke (RFC 7009, 2.1), and whose it is. The client may come by HTTP Basic."""

    example: ClassVar[Document] = {
        "token": "header.claims.signature",
        "client_id": CLIENT,
        "client_secret": SECRET,
    }

    token: str
    token_type_hint: str | Absent = None
    client_id: str | Absent = None
    client_secret: str | Absent = None


class TokenRevoked(Shape):
    """It is good no longer, if it ever was."""

    example: ClassVar[Document] = {"revoked": True}

    revoked: Literal[True]


class IntrospectionForm(Shape):
    """What to look at (RFC 7662, 2.1)."""

    example: ClassVar[Document] = {"token": "header.claims.signature"}

    token: str
    token_type_hint: str | Absent = None


class Introspected(Shape):
    """What the token says (RFC 7662, 2.2), if it is good; else no more than that it is not."""

    example: ClassVar[Document] = {
        "active": True,
        "token_type": "Bearer",
        "iss": "https://registry.example",
        "aud": "linli",
        "sub": CLIENT,
        "client_id": CLIENT,
        "jti": "01a20bba-6635-7424-a8e4-81d825bcf371",
        "iat": 1795492800,
        "nbf": 1795492800,
        "exp": 1795493400,
        "scope": "dispatch:read",
        "role": "unit",
        "unit": "unit-health-centre",
        "communities": ["shaba"],
    }

    active: bool
    token_type: Literal["Bearer"] | Absent = None
    iss: str | Absent = None
    aud: str | Absent = None
    sub: str | Absent = Field(None, description="who acts")
    client_id: str | Absent = Field(None, description="what asked for it: the same, or a personal token")
    jti: str | Absent = None
    iat: int | Absent = None
    nbf: int | Absent = None
    exp: int | Absent = None
    scope: str | Absent = None
    role: str | Absent = None
    unit: str | Absent = None
    volunteer: str | Absent = None
    communities: list[str] | Absent = None


class Metadata(Shape):
    """Metadata of an authorization server (RFC 8414)."""

    example: ClassVar[Document] = {
        "issuer": "https://registry.example",
        "token_endpoint": "https://registry.example/oauth/token",
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "revocation_endpoint": "https://registry.example/oauth/revoke",
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "introspection_endpoint": "https://registry.example/oauth/introspect",
        "introspection_endpoint_auth_methods_supported": ["Bearer"],
        "jwks_uri": "https://registry.example/.well-known/jwks.json",
        "scopes_supported": ["dispatch:read", "dispatch:write"],
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
    }

    issuer: str
    token_endpoint: str
    token_endpoint_auth_methods_supported: list[str]
    revocation_endpoint: str
    revocation_endpoint_auth_methods_supported: list[str]
    introspection_endpoint: str
    introspection_endpoint_auth_methods_supported: list[str]
    jwks_uri: str
    scopes_supported: list[str]
    response_types_supported: list[str]
    grant_types_supported: list[str]


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
