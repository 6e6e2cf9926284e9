"""What registry answers as the authorization server: clients, tokens, keys. For its OpenAPI document."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, WithJsonSchema

from services.registry.api.shapes import CLIENT, Registered
from shared.runtime.http.headers import Document
from shared.runtime.http.shapes import Absent
from shared.runtime.ids import Id

PERSONAL = "token-01a20bba-7a01-7d5e-8c1b-2f6a9be0c4d7"
PERSON = "person-01a20bba-7c4e-7b31-9d0f-5e8a1c2b3d4f"
SECRET = "linli_4mHqN0cXb8yT2LrVw7ZkP1sJd9GfQe3UoAi6RtYxCvB2a0Zk9"
"""The form alone: its checksum is wrong, so that it is nobody's."""
Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]


class ClientSecret(Registered):
    """The client and its secret, which is shown here only: in a repeat it is null."""

    example: ClassVar[Document] = {"id": CLIENT, "client_id": CLIENT, "client_secret": SECRET}

    client_id: Id
    client_secret: str | None


class NewSecret(ClientSecret):
    """The client's new secret, and how long the earlier ones are good."""

    example: ClassVar[Document] = {
        "id": CLIENT,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "earlier_until": "2026-11-25T03:29:28.123Z",
    }

    earlier_until: Moment


class PersonalSecret(Registered):
    """The personal token and the id to use it with; it is shown here only: in a repeat it is null."""

    example: ClassVar[Document] = {"id": PERSONAL, "client_id": PERSONAL, "token": SECRET}

    client_id: Id
    token: str | None


class PersonalToken(Registered):
    """A personal token of the caller's."""

    example: ClassVar[Document] = {
        "id": PERSONAL,
        "name": "weekly export",
        "owner": CLIENT,
        "scopes": ["dispatch:read"],
        "expires_at": "2027-01-31T16:00:00.000Z",
        "last_used_at": "2026-11-24T03:00:00.000Z",
    }

    name: str | None
    owner: Id
    scopes: list[str]
    expires_at: Moment
    last_used_at: Moment | None = Field(description="to the hour; null if it was not used")


class Admission(Registered):
    """The person may sign in."""

    example: ClassVar[Document] = {"id": PERSON}


class Person(Registered):
    """One who may sign in."""

    example: ClassVar[Document] = {
        "id": PERSON,
        "community": "shaba",
        "role": "dispatcher",
        "communities": ["shaba"],
        "scopes": ["dispatch:read", "dispatch:write"],
        "expires_at": "2027-12-31T16:00:00.000Z",
    }

    community: str
    role: str
    communities: list[str]
    scopes: list[str] | Absent = Field(None, description="without it all of the role's")
    expires_at: Moment | Absent = None


class Revoked(Registered):
    """It is revoked."""

    example: ClassVar[Document] = {"id": CLIENT, "revoked": True}

    revoked: Literal[True]


class KeyRotated(Registered):
    """The new key, and when it begins to sign."""

    example: ClassVar[Document] = {
        "id": "key-21fe31dfa154a261",
        "kid": "21fe31dfa154a261",
        "used_from": "2026-11-24T03:29:38.123Z",
    }

    kid: str
    used_from: Moment
