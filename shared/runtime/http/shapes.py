"""What the answers look like that every service gives, for its OpenAPI document."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from shared.kernel.times import Time
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape

Absent = SkipJsonSchema[None]
"""In `unit: Id | Absent = None`: a field that may be left out, and is never null."""


class Alive(Shape):
    """The process runs."""

    example: ClassVar[Document] = {"status": "alive"}

    status: Literal["alive"]


class Ready(Shape):
    """Whether the service can do its work, and how each thing is that it depends on."""

    example: ClassVar[Document] = {
        "status": "ready",
        "dependencies": {"store": "up", "broker": "up", "events:registry": "followed"},
    }

    status: Literal["ready", "not-ready"]
    dependencies: dict[str, str] = Field(
        description="`store` and `broker`: `up`, `down`, `opening`; each log that is followed: `followed`, "
        "`behind`, or why nothing more of it is taken",
        json_schema_extra={"required": ["store", "broker"]},
    )


class CloudEvent(Shape):
    """An event as a CloudEvents 1.0 JSON document. A unit sees it without who did it."""

    example: ClassVar[Document] = {
        "specversion": "1.0",
        "id": "01a20bba-6639-7b21-9d7e-0a3c4de20f11",
        "source": "/linli/dispatch",
        "type": "request-triaged",
        "time": "2026-11-24T03:34:54.965Z",
        "recordedtime": "2026-11-24T03:34:54.971Z",
        "subject": "request-01a20bba-6635-7424-a8e4-81d825bcf371",
        "partitionkey": "request-01a20bba-6635-7424-a8e4-81d825bcf371",
        "streamversion": 2,
        "sequence": "000000000184.0000",
        "commitsize": 1,
        "community": "shaba",
        "correlationid": "call-77",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "authtype": "service_account",
        "authid": "client-01a20bba-5f11-7c0e-8f3c-6a4de1a0b9d2",
        "authrole": "dispatcher",
        "datacontenttype": "application/json",
        "dataschema": "urn:linli:event:request-triaged:1",
        "data": {
            "community": "shaba",
            "units": ["unit-health-centre"],
            "service": "service-home-health-help",
            "category": "community-service",
            "grid": "shaba-03",
            "priority": "urgent",
            "due": "2026-11-24T04:34:54.965Z",
        },
    }

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    time: Time = Field(description="when it occurred")
    recordedtime: Time = Field(description="when its service recorded it")
    subject: str = Field(description="the stream: the id of the thing that it is about")
    partitionkey: str
    streamversion: int = Field(ge=1)
    sequence: str = Field(description="its place in the log of its source", pattern=r"^[0-9]{12}\.[0-9]{4}$")
    commitsize: int = Field(ge=1, description="how many events were recorded together with it")
    community: str
    correlationid: str | Absent = None
    causationid: str | Absent = None
    traceparent: str | Absent = None
    authtype: Literal["system", "service_account"] | Absent = None
    authid: str | Absent = None
    authrole: str | Absent = None
    datacontenttype: Literal["application/json"]
    dataschema: str
    dataref: str | Absent = Field(None, description="the path of the personal details, where it has any")
    data: dict[str, Any] = Field(description="by its type: see `/v1/event-types/{name}`")


class Parked(Shape):
    """An event that this service could not take: which, of whom, by which follower, why, since when."""

    example: ClassVar[Document] = {
        "id": "01a20bba-6639-7b21-9d7e-0a3c4de20f11",
        "follower": "events",
        "service": "registry",
        "type": "volunteer-registered",
        "stream": "volunteer-01a20bba-65bf-7092-bb24-d5c070452313",
        "version": 1,
        "at": "2026-11-24T03:34:55.102Z",
        "reason": "ValidationError",
    }

    id: str
    follower: str
    service: str
    type: str
    stream: str
    version: int
    at: Time
    reason: str


class Keyring(Shape):
    """The keys that details are sealed with, and what this process has sealed anew since it started."""

    example: ClassVar[Document] = {
        "current": "key-0002",
        "keys": ["key-0001", "key-0002"],
        "resealed": 1204,
        "unreadable": 0,
    }

    current: str
    keys: list[str]
    resealed: int
    unreadable: int


class Redriven(Shape):
    """How many parked events were taken now, and how many still wait."""

    example: ClassVar[Document] = {"taken": 3, "waiting": 0}

    taken: int
    waiting: int


class EventType(Shape):
    """An event type: what it says, where its JSON Schema is, and an example, a whole CloudEvent."""

    example: ClassVar[Document] = {
        "type": "report-read",
        "description": "The community office has read a unit's report.",
        "told": True,
        "schema": "https://notify.example/v1/event-types/report-read",
        "example": {
            "specversion": "1.0",
            "id": "01a20bba-6639-7b21-9d7e-0a3c4de20f11",
            "source": "/linli/notify",
            "type": "report-read",
            "time": "2026-11-24T03:29:28.123Z",
            "data": {"community": "shaba", "units": ["unit-red-cross"], "unit": "unit-red-cross"},
        },
    }

    type: str
    description: str
    told: bool = Field(description="whether units are told of it")
    location: str = Field(alias="schema", json_schema_extra={"format": "uri"})
    sample: dict[str, Any] = Field(alias="example")


class EventSchema(Shape):
    """The JSON Schema (2020-12) of the data of an event type."""

    example: ClassVar[Document] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:linli:event:client-revoked:1",
        "title": "ClientRevoked",
        "description": "A client's tokens are refused everywhere from now on.",
        "type": "object",
        "properties": {"community": {"title": "Community", "type": "string"}},
        "required": ["community"],
    }
    model_config = ConfigDict(extra="allow")

    dialect: str = Field(alias="$schema")
    identity: str = Field(alias="$id")
    type: Literal["object"]
    properties: dict[str, Any]


class AsyncApi(Shape):
    """The events of a service as an AsyncAPI 3.0 document."""

    example: ClassVar[Document] = {
        "asyncapi": "3.0.0",
        "info": {"title": "Linli registry events", "version": "1"},
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            "client-revoked": {
                "address": "registry.client-revoked",
                "messages": {"client-revoked": {"$ref": "#/components/messages/client-revoked"}},
            }
        },
        "operations": {
            "send-client-revoked": {"action": "send", "channel": {"$ref": "#/channels/client-revoked"}}
        },
        "components": {
            "messages": {"client-revoked": {"name": "client-revoked", "payload": {"type": "object"}}}
        },
    }

    asyncapi: Literal["3.0.0"]
    info: dict[str, str]
    defaultContentType: str
    channels: dict[str, Any]
    operations: dict[str, Any]
    components: dict[str, Any]
