"""A service's OpenAPI document, and in what an answer is not what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from jsonschema import Draft202012Validator

from tests.support.client import Client, Reply
from tests.support.community import Community

TOLD = frozenset(
    {"linli-position", "etag", "location", "link", "ratelimit", "ratelimit-policy", "x-request-id"}
    | {"retry-after", "www-authenticate"}
)
"""Headers that an answer may have only where the document says so."""


@dataclass(frozen=True)
class Heard:
    """An answer, and what was asked."""

    service: str
    method: str
    path: str
    reply: Reply


@dataclass
class Noting(Client):
    """A client that keeps what it is answered."""

    service: str = ""
    heard: list[Heard] = field(default_factory=list)

    async def call(self, method: str, path: str, json: object = None, **more: Any) -> Reply:
        """See `Client.call`."""
        reply = await super().call(method, path, json, **more)
        self.heard.append(Heard(self.service, method.lower(), path.partition("?")[0], reply))
        return reply


def noting(community: Community) -> tuple[Community, list[Heard]]:
    """`community`, and what all its clients are answered from now on."""
    heard: list[Heard] = []

    def each(clients: dict[str, Client]) -> dict[str, Client]:
        return {
            name: Noting(one.base, one.session, one.token, one.headers, name, heard)
            for name, one in clients.items()
        }

    watched = replace(
        community,
        admin=each(community.admin),
        staff=each(community.staff),
        auditor=each(community.auditor),
        health=each(community.health),
        school=each(community.school),
    )
    return watched, heard


class Interface:
    """What one service's OpenAPI document says."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._closed = _closed(document["components"])

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(method, path, operation) of each."""
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method, path, operation

    def resolved(self, described: dict[str, Any]) -> dict[str, Any]:
        """`described`, or what it refers to."""
        found = described
        if "$ref" in described:
            found = self.document
            for part in str(described["$ref"]).removeprefix("#/").split("/"):
                found = found[part]
        return found

    def faults(self, schema: dict[str, Any], value: object) -> list[str]:
        """In what `value` is not as `schema` says: a field that the schema does not name is one too."""
        validator = Draft202012Validator({**schema, "components": self._closed})
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]

    def faults_of(self, heard: Heard) -> list[str]:
        """In what an answer is not as its operation says."""
        reply = heard.reply
        operation = self._operation(heard.method, heard.path)
        if operation is None:
            return ["no such operation"]
        responses = operation["responses"]
        response = responses.get(str(reply.status), responses.get(f"{reply.status // 100}XX"))
        if response is None:
            return [f"{reply.status} is not documented"]
        kind = reply.headers["content-type"].partition(";")[0]
        if kind not in response["content"]:
            return [f"{kind} is not documented for {reply.status}"]
        value = reply.body if "json" in kind else reply.raw.decode()
        values = value if "ndjson" in kind else [value]
        faults = [each for one in values for each in self.faults(response["content"][kind]["schema"], one)]
        return faults + self._of_headers(response, reply)

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        paths: dict[str, dict[str, Any]] = self.document["paths"]
        fitting = [
            name
            for name in paths
            if re.fullmatch(re.sub(r"\\?\{[a-z]+\\?\}", "[^/]+", re.escape(name)), path)
        ]
        # A path without a parameter goes before one with.
        return paths[min(fitting, key=lambda name: name.count("{"))].get(method) if fitting else None

    def _of_headers(self, response: dict[str, Any], reply: Reply) -> list[str]:
        documented = {name.lower(): self.resolved(header) for name, header in response["headers"].items()}
        found = [f"{name} is not documented" for name in reply.headers.keys() & TOLD - documented.keys()]
        always = {"x-request-id", "ratelimit", "ratelimit-policy"} & documented.keys()
        found += [f"{name} is missing" for name in always - reply.headers.keys()]
        for name in reply.headers.keys() & documented.keys():
            text, schema = reply.headers[name], documented[name]["schema"]
            found += self.faults(schema, int(text) if schema["type"] == "integer" else text)
        return found


async def interface_of(client: Client) -> Interface:
    """That of the service that `client` calls."""
    return Interface((await client.get("/openapi.json")).body)


def _closed(components: dict[str, Any]) -> dict[str, Any]:
    """The same with no field but those named; problems may have facts of their own."""
    closed = deepcopy(components)
    for name, schema in closed["schemas"].items():
        if name != "Problem":
            _close(schema)
    return closed


def _close(schema: Any) -> None:
    if isinstance(schema, list):
        for each in schema:
            _close(each)
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for each in schema.values():
            _close(each)
