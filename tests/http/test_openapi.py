"""The OpenAPI documents say what the services answer, and the services answer what they say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.definitions import OPENAPI_31

from services.audit.domain.chain import Head
from services.audit.verify import Fault, Verdict
from shared.runtime.mongo import Database
from shared.runtime.parking import Parking, parked_events
from tests.support import (
    everyday,
    everyday_agreements,
    everyday_board,
    everyday_bulletins,
    everyday_deliveries,
    everyday_figures,
    everyday_inbox,
    everyday_life,
    everyday_matching,
    everyday_open311,
    everyday_tables,
    everyday_volunteers,
    everyday_working_days,
)
from tests.support.community import SERVICES, Community
from tests.support.interface import Interface, interface_of, noting
from tests.support.notifying import Spoken

Story = Callable[[Community], Awaitable[None]]

REPEATABLE = (
    *("/v1/parked/redrive", "/v1/rebuild", "/oauth/introspect", "/v1/keyring/", "/v1/imports/"),
    "/v1/consumers/",
)
"""A redrive, a look at a token and a change of keys record nothing, a table enters once by its rows, and a
consumer that is told where to be is there: they are repeated as they are."""
TRIALS = ("/v1/endpoints/{endpoint}/test",)
"""What is on no record: once more is another one."""


@pytest.mark.parametrize("service", SERVICES)
async def test_a_document_is_openapi_and_its_schemas_are_json_schema(shaba: Community, service: str) -> None:
    interface = await interface_of(shaba.admin[service])
    document = interface.document
    assert document["openapi"].startswith("3.1.")
    assert [*Draft202012Validator(OPENAPI_31).iter_errors(document)] == []
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    referred = {node["$ref"] for node in nodes(document) if isinstance(node.get("$ref"), str)}
    assert any(text.startswith("#/components/headers/") for text in referred)
    for text in referred - {node["$ref"] for node in nodes(examples(interface)) if "$ref" in node}:
        assert interface.resolved({"$ref": text})


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object inside `value`."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(each)


def contents(interface: Interface, first: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where it stands, and what is said of it, for each body of each answer whose status begins so."""
    for method, path, operation in interface.operations():
        for status, response in operation["responses"].items():
            if status.startswith(first):
                for kind, said in response.get("content", {"nothing": {}}).items():
                    yield f"{method} {path} {status} {kind}", said


def examples(interface: Interface) -> list[Any]:
    return [said["example"] for _, said in contents(interface, "2") if "example" in said]


@pytest.mark.parametrize("service", SERVICES)
async def test_every_success_has_a_schema_and_an_example_of_it(shaba: Community, service: str) -> None:
    interface = await interface_of(shaba.admin[service])
    bodies = dict(contents(interface, "2"))
    assert len(bodies) > 10
    for where, said in bodies.items():
        assert said.get("schema"), f"{where} has no schema"
        assert "example" in said, f"{where} has no example"
        assert interface.faults(said["schema"], said["example"]) == [], where
        schema = interface.resolved(said["schema"])
        if where.endswith("json"):
            if schema["type"] == "array":  # Open311's lists are bare
                assert interface.faults(said["schema"], [{}]), f"{where} takes anything"
                schema = interface.resolved(schema["items"])
            assert schema["type"] == "object", where
            assert schema["required"], f"{where} requires nothing"
            assert interface.faults(said["schema"], {}), f"{where} takes anything"


@pytest.mark.parametrize("service", SERVICES)
async def test_every_field_of_every_answer_has_a_type(shaba: Community, service: str) -> None:
    interface = await interface_of(shaba.admin[service])
    for name, schema in interface.document["components"]["schemas"].items():
        for field, said in schema.get("properties", {}).items():
            assert said.keys() & {"type", "$ref", "anyOf", "enum", "const"}, f"{name}.{field}"


@pytest.mark.parametrize("service", SERVICES)
async def test_every_refusal_is_a_problem(shaba: Community, service: str) -> None:
    interface = await interface_of(shaba.admin[service])
    for method, path, operation in interface.operations():
        content = operation["responses"]["4XX"]["content"]
        assert content["application/problem+json"]["schema"]["$ref"].endswith("/Problem"), (method, path)


@pytest.mark.parametrize("service", SERVICES)
async def test_headers_are_documented_where_they_are_heeded(shaba: Community, service: str) -> None:
    interface = await interface_of(shaba.admin[service])
    for method, path, operation in interface.operations():
        sent = {interface.resolved(one)["name"] for one in operation["parameters"]}
        expected = {"traceparent", "X-Request-Id"}
        if "security" in operation:
            expected |= {"Linli-After"}
            recorded = not path.startswith(REPEATABLE) and path not in TRIALS
            if method != "get" and recorded:
                expected |= {"Idempotency-Key", "If-Match"}
        headers = {"Idempotency-Key", "If-Match", "Linli-After", "traceparent", "X-Request-Id"}
        assert sent & headers == expected, (method, path)
        for status, response in operation["responses"].items():
            if status == "201":
                assert {"Location", "ETag", "Linli-Position"} <= response["headers"].keys(), (method, path)
            if status == "200" and "cursor" in sent:
                assert "Link" in response["headers"], (method, path)


async def test_the_token_endpoint_shows_its_form_and_its_errors(shaba: Community) -> None:
    interface = await interface_of(shaba.admin["registry"])
    token = interface.document["paths"]["/oauth/token"]["post"]
    form = token["requestBody"]["content"]["application/x-www-form-urlencoded"]
    assert {"grant_type", "client_id", "client_secret", "scope"} == form["schema"]["properties"].keys()
    assert interface.faults(form["schema"], form["example"]) == []
    for status in ("400", "401"):
        said = token["responses"][status]["content"]["application/json"]
        assert interface.faults(said["schema"], said["example"]) == []
        assert interface.faults(said["schema"], {"error": "not_so"})


STORIES = (
    *(everyday.access, everyday.directory, everyday.visits, everyday.webhooks),
    *(everyday.log, everyday.system, everyday.refusals),
    *(everyday_agreements.agreements, everyday_agreements.catalogue_for_others),
    everyday_agreements.another_community,
    everyday_tables.tables,
    everyday_figures.figures,
    everyday_life.life,
    everyday_volunteers.volunteers_own_way,
    everyday_matching.matching,
    everyday_board.board,
    everyday_open311.open311,
    everyday_working_days.working_days,
    everyday_bulletins.bulletins,
    everyday_deliveries.mending,
    everyday_inbox.inbox,
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_live_answers_are_as_documented(shaba: Community, story: Story) -> None:
    interfaces = {service: await interface_of(shaba.admin[service]) for service in SERVICES}
    watched, heard = noting(shaba)
    await story(watched)
    assert heard
    for each in heard:
        faults = interfaces[each.service].faults_of(each)
        assert faults == [], (each.service, each.method, each.path, each.reply.status)


async def test_what_is_parked_is_as_documented(shaba: Community, database: Database) -> None:
    parking = Parking(database, "events")
    event = Spoken().say("volunteer-registered", "volunteer-1", details="-")
    await parking.park(event, ValueError())
    found = {"items": await parked_events(database, 10), "next": None}
    assert len(found["items"]) == 1  # type: ignore[arg-type]
    interface = await interface_of(shaba.admin["notify"])
    assert interface.faults({"$ref": "#/components/schemas/ParkedList"}, found) == []


async def test_a_fault_of_the_log_is_as_documented(shaba: Community) -> None:
    interface = await interface_of(shaba.auditor["audit"])
    verdict = Verdict(Head(), Fault(7, "cut", "the log ends here"))
    assert interface.faults({"$ref": "#/components/schemas/Verdict"}, verdict.to_json()) == []
