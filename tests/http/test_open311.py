"""Open311, point by point: GeoReport v2 (http://wiki.open311.org/GeoReport_v2/), its extension for pages, and
service discovery. The name of a test's section is that of the specification's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest

from shared.kernel.times import format_time, parse_time
from tests.support.client import Client, Reply
from tests.support.community import MEALS, Community
from tests.support.everyday_open311 import ASKED, PATROL, PREFIX, posted
from tests.support.waiting import until

HERE = {"jurisdiction_id": "shaba"}
SERVICE = ("service_code", "service_name", "description", "metadata", "type", "keywords", "group")
ATTRIBUTE = (
    *("variable", "code", "datatype", "required", "datatype_description", "order", "description"),
    "values",
)
REQUEST = (
    *("service_request_id", "status", "status_notes", "service_name", "service_code", "description"),
    *("agency_responsible", "service_notice", "requested_datetime", "updated_datetime"),
    *("expected_datetime", "address", "address_id", "zipcode", "lat", "long", "media_url"),
)
NEVER_SHOWN = ("description", "address", "zipcode", "lat", "long", "media_url", "service_notice")


def anybody(shaba: Community) -> Client:
    """A client of dispatch without a token."""
    return Client(shaba.stack.services["dispatch"], shaba.session)


def xml(reply: Reply) -> ElementTree.Element:
    return ElementTree.fromstring(reply.raw)


def names(element: ElementTree.Element) -> tuple[str, ...]:
    return tuple(each.tag for each in element)


async def asked(shaba: Community, **more: str) -> str:
    """The id of a new request by Open311."""
    reply = await posted(shaba.school["dispatch"], {**ASKED, **more})
    assert reply.status == 201, reply.raw
    return str(reply.body[0]["service_request_id"])


async def listed(shaba: Community, **query: str) -> list[dict[str, Any]]:
    reply = await anybody(shaba).get(f"{PREFIX}/requests.json", **HERE, **query)
    assert reply.status == 200, reply.raw
    found: list[dict[str, Any]] = reply.body
    return found


async def of_own_service(shaba: Community, **more: object) -> str:
    """A new public service that enters no home, which the façade knows of."""
    name = {"zh": f"路灯 {uuid4().hex[:6]}", "en": "Street lights"}
    body = {"name": name, "category": "volunteering", "lead_unit": "unit-police-station"}
    made = await shaba.admin["registry"].post("/v1/services", {**body, "response_minutes": 60, **more})
    assert made.status == 201, made.body
    await shaba.dispatch_has(made)
    return str(made.body["id"])


# Format support, encoding, date and time


@pytest.mark.parametrize(("format", "kind"), [("xml", "text/xml"), ("json", "application/json")])
async def test_format_support_the_ending_chooses_and_utf_8_is_said(
    shaba: Community, format: str, kind: str
) -> None:
    id = await asked(shaba)
    for path in ("services", f"services/{PATROL}", "requests", f"requests/{id}", f"tokens/{id}", "discovery"):
        reply = await anybody(shaba).get(f"{PREFIX}/{path}.{format}", **HERE)
        assert reply.status == 200, path
        assert reply.headers["content-type"].lower() == f"{kind}; charset=utf-8"
        reply.raw.decode("utf-8")
        if format == "xml":
            declaration = reply.raw.partition(b"\n")[0].lower().replace(b"'", b'"')
            assert declaration == b'<?xml version="1.0" encoding="utf-8"?>'
            assert b"xmlns" not in reply.raw


async def test_format_support_another_ending_is_nothing_that_exists(shaba: Community) -> None:
    reply = await anybody(shaba).get(f"{PREFIX}/services.yaml", **HERE)
    assert (reply.status, reply.headers["content-type"]) == (404, "text/xml; charset=utf-8")
    assert xml(reply).find("error/code") is not None


async def test_json_support_is_the_xml_without_the_names_of_lists_and_their_items(shaba: Community) -> None:
    id = await asked(shaba)
    reader = anybody(shaba)
    for path in ("services", f"services/{PATROL}", f"requests/{id}", f"tokens/{id}", "discovery"):
        said = (await reader.get(f"{PREFIX}/{path}.json", **HERE)).body
        assert spark(xml(await reader.get(f"{PREFIX}/{path}.xml", **HERE))) == as_text(said)


LISTS = frozenset({"services", "service_requests", "attributes", "values", "errors", "endpoints", "formats"})


def spark(element: ElementTree.Element) -> object:
    """The element as the Spark convention has it in JSON; values as text, empty ones as None."""
    if element.tag in LISTS:
        return [spark(each) for each in element]
    if len(element):
        return {each.tag: spark(each) for each in element}
    return element.text


def as_text(value: object) -> object:
    if isinstance(value, list):
        return [as_text(each) for each in value]
    if isinstance(value, dict):
        return {name: as_text(each) for name, each in value.items()}
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


async def test_date_and_time_is_w3_with_its_zone(shaba: Community) -> None:
    id = await asked(shaba)
    [row] = (await anybody(shaba).get(f"{PREFIX}/requests/{id}.json", **HERE)).body
    for name in ("requested_datetime", "updated_datetime"):
        assert parse_time(row[name]).tzinfo is UTC
        assert row[name].endswith("Z")


# Definitions: jurisdiction_id, optional arguments


async def test_jurisdiction_id_that_is_none_is_404_on_every_method(shaba: Community) -> None:
    reader, id = anybody(shaba), await asked(shaba)
    for path in ("services", f"services/{PATROL}", "requests", f"requests/{id}", f"tokens/{id}"):
        reply = await reader.get(f"{PREFIX}/{path}.json", jurisdiction_id="moon")
        assert (reply.status, reply.body[0]["code"]) == (404, "unknown-jurisdiction"), path
    reply = await posted(shaba.school["dispatch"], {**ASKED, "jurisdiction_id": "moon"})
    assert (reply.status, reply.body[0]["code"]) == (404, "unknown-jurisdiction")


async def test_optional_arguments_that_are_empty_count_as_left_out(shaba: Community) -> None:
    service = await of_own_service(shaba)
    id = await asked(shaba, service_code=service, lat="", long="", email="", address_id="")
    empty = dict.fromkeys(
        ("service_request_id", "start_date", "end_date", "status", "page", "page_size", "updated_after"), ""
    )
    assert [row["service_request_id"] for row in await listed(shaba, service_code=service, **empty)] == [id]


async def test_arguments_that_are_not_ours_are_passed_over(shaba: Community) -> None:
    id = await asked(shaba, device_id="tt222111", utf8="✓")
    assert await listed(shaba, service_request_id=id, extensions="true", api_key="xyz")


# GET Service List


async def test_service_list_has_each_field_and_needs_no_key(shaba: Community) -> None:
    reply = await anybody(shaba).get(f"{PREFIX}/services.json", **HERE)
    assert reply.status == 200
    assert {tuple(item) for item in map(sorted, reply.body)} == {tuple(sorted(SERVICE))}
    service = next(item for item in reply.body if item["service_code"] == PATROL)
    assert (service["metadata"], service["type"]) == (True, "realtime")
    assert (service["service_name"], service["group"]) == ("治安巡逻", "volunteering")
    assert service["keywords"] == "volunteering,patrol"
    root = xml(await anybody(shaba).get(f"{PREFIX}/services.xml", **HERE))
    assert root.tag == "services"
    assert {each.tag for each in root} == {"service"}
    assert {names(each) for each in root} == {SERVICE}


async def test_service_list_never_has_a_service_that_enters_a_home_or_is_not_public(shaba: Community) -> None:
    homes = [await of_own_service(shaba, enters_home=True), MEALS, "service-home-repair"]
    hidden = await of_own_service(shaba, public=False)
    reply = await anybody(shaba).get(f"{PREFIX}/services.json", **HERE)
    codes = {item["service_code"] for item in reply.body}
    assert len(codes) > 20
    for code in (*homes, hidden):
        assert code not in codes
        definition = await anybody(shaba).get(f"{PREFIX}/services/{code}.json", **HERE)
        assert (definition.status, definition.body[0]["code"]) == (404, "unknown-service")
        refused = await posted(shaba.school["dispatch"], {**ASKED, "service_code": code})
        assert (refused.status, refused.body[0]["code"]) == (404, "unknown-service")


@pytest.mark.parametrize("change", ["public", "enters_home", "withdrawn"])
async def test_service_list_loses_a_service_as_soon_as_it_is_no_more_for_anybody(
    shaba: Community, change: str
) -> None:
    service = await of_own_service(shaba)
    id = await asked(shaba, service_code=service)
    registry = shaba.admin["registry"]
    if change == "withdrawn":
        told = await registry.post(f"/v1/services/{service}/withdraw", {"reason": "replaced"})
    else:
        told = await registry.patch(f"/v1/services/{service}", {change: change == "enters_home"})
    assert told.status == 200, told.body
    await shaba.dispatch_has(told)
    reader = anybody(shaba)
    codes = {item["service_code"] for item in (await reader.get(f"{PREFIX}/services.json", **HERE)).body}
    assert service not in codes
    assert (await posted(shaba.school["dispatch"], {**ASKED, "service_code": service})).status == 404
    followed = await reader.get(f"{PREFIX}/requests/{id}.json", **HERE)
    # What was asked for goes on after a withdrawal; what is not public any more is shown no more.
    assert followed.status == (200 if change == "withdrawn" else 404)
    assert bool(await listed(shaba, service_request_id=id)) == (change == "withdrawn")


# GET Service Definition


async def test_service_definition_asks_for_the_grid(shaba: Community) -> None:
    reply = await anybody(shaba).get(f"{PREFIX}/services/{PATROL}.json", **HERE)
    assert reply.body["service_code"] == PATROL
    [attribute] = reply.body["attributes"]
    assert sorted(attribute) == sorted(ATTRIBUTE)
    assert (attribute["code"], attribute["datatype"]) == ("grid", "singlevaluelist")
    assert (attribute["variable"], attribute["required"], attribute["order"]) == (True, True, 1)
    assert "shaba-03" in {value["key"] for value in attribute["values"]}
    assert all(value["name"] for value in attribute["values"])
    root = xml(await anybody(shaba).get(f"{PREFIX}/services/{PATROL}.xml", **HERE))
    assert (root.tag, names(root)) == ("service_definition", ("service_code", "attributes"))
    [said] = root.findall("attributes/attribute")
    assert names(said) == ATTRIBUTE
    assert {names(value) for value in said.findall("values/value")} == {("key", "name")}


async def test_service_definition_of_none_is_404(shaba: Community) -> None:
    reply = await anybody(shaba).get(f"{PREFIX}/services/033.json", **HERE)
    assert (reply.status, reply.body[0]["code"]) == (404, "unknown-service")


# POST Service Request


@pytest.mark.parametrize(
    "place",
    [
        {"lat": "26.0821234", "long": "103.1871234"},
        {"address_string": "3栋东侧"},
        {"address_id": "B-17"},
    ],
    ids=lambda place: "-".join(place),
)
async def test_post_takes_each_kind_of_location(shaba: Community, place: dict[str, str]) -> None:
    fields = {name: value for name, value in ASKED.items() if name != "address_string"}
    reply = await posted(shaba.school["dispatch"], {**fields, **place})
    assert reply.status == 201, reply.raw
    [said] = reply.body
    assert sorted(said) == ["account_id", "service_notice", "service_request_id"]
    assert said["account_id"] is None
    assert reply.headers["location"] == f"{PREFIX}/requests/{said['service_request_id']}.json"


async def test_post_takes_a_grid_as_address_id_alone(shaba: Community) -> None:
    fields = {**HERE, "service_code": PATROL, "address_id": "shaba-04"}
    reply = await posted(shaba.school["dispatch"], fields, "xml")
    assert reply.status == 201, reply.raw
    root = xml(reply)
    assert (root.tag, names(root)) == ("service_requests", ("request",))
    id = root.findtext("request/service_request_id")
    assert root.find("request/token") is None
    [row] = await listed(shaba, service_request_id=str(id))
    assert row["address_id"] == "shaba-04"


async def test_post_is_an_ordinary_request_whose_personal_words_are_sealed(shaba: Community) -> None:
    said = {
        **{"lat": "26.0821234", "long": "103.1871234", "email": "mei@mail.example", "phone": "13800000009"},
        **{"first_name": "梅", "last_name": "李", "media_url": "https://photos.example/1.jpg"},
    }
    told = {**ASKED, **said, "device_id": "tt222111", "account_id": "123456"}
    reply = await posted(shaba.school["dispatch"], told)
    assert reply.status == 201, reply.raw
    id, desk = str(reply.body[0]["service_request_id"]), shaba.staff["dispatch"]
    request = (await desk.get(f"/v1/requests/{id}")).body
    assert (request["status"], request["channel"]) == ("received", "web")
    assert (request["service"], request["grid"], request.get("resident")) == (PATROL, "shaba-03", None)
    [detail] = (await desk.get(f"/v1/requests/{id}/details", purpose="service")).body["items"]
    assert detail["text"] == ASKED["description"]
    assert detail["address"] == ASKED["address_string"]
    assert detail["position"] == {"latitude": "26.082123", "longitude": "103.187123"}
    assert {detail[name] for name in ("email", "phone", "first_name", "last_name", "media_url")} == {
        said[name] for name in ("email", "phone", "first_name", "last_name", "media_url")
    }
    assert not detail.keys() & {"device_id", "account_id"}
    position = int(reply.headers["linli-position"].split("@")[1])
    feed = await shaba.admin["dispatch"].get("/v1/events", after=str(position - 1), limit="1")
    [event] = feed.body["items"]
    assert (event["type"], event["subject"]) == ("request-created", id)
    for text in (*said.values(), ASKED["description"], ASKED["address_string"]):
        assert text not in str(event)


async def test_post_without_a_key_or_with_a_wrong_one_is_403(shaba: Community) -> None:
    nobody = anybody(shaba)
    for fields, code in (
        ({}, "token-missing"),
        ({"api_key": ""}, "token-missing"),
        ({"api_key": "xyz"}, "token-invalid"),
        ({"api_key": "钥匙"}, "token-invalid"),
        ({"api_key": str(shaba.auditor["dispatch"].token)}, "insufficient-scope"),
    ):
        reply = await posted(nobody, {**ASKED, **fields})
        assert (reply.status, reply.body[0]["code"]) == (403, code), fields
        root = xml(await posted(nobody, {**ASKED, **fields}, "xml"))
        assert root.findtext("error/code") == code


async def test_post_takes_the_key_as_a_field_or_as_a_header(shaba: Community) -> None:
    token = str(shaba.school["dispatch"].token)
    by_field = await posted(anybody(shaba), {**ASKED, "api_key": token})
    by_header = await posted(anybody(shaba), ASKED, Authorization=f"Bearer {token}")
    assert (by_field.status, by_header.status) == (201, 201)
    id = by_field.body[0]["service_request_id"]
    seen = await shaba.school["dispatch"].get(f"/v1/requests/{id}")
    assert (seen.status, seen.body["units"]) == (200, ["unit-primary-school"])


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"service_code": ""}, 400, "service-missing"),
        ({"service_code": "033"}, 404, "unknown-service"),
        ({"address_string": ""}, 400, "location-missing"),
        ({"address_string": "", "lat": "26.08"}, 400, "location-missing"),
        ({"lat": "26.08"}, 400, "location-missing"),
        ({"lat": "96.08", "long": "103.18"}, 400, "invalid-request"),
        ({"lat": "north", "long": "103.18"}, 400, "invalid-request"),
        ({"attribute[grid]": ""}, 400, "grid-missing"),
        ({"attribute[grid]": "shaba-99"}, 400, "unknown-grid"),
        ({"attribute[grid]": "", "address_id": "B-17"}, 400, "unknown-grid"),
        ({"attribute[colour]": "red"}, 400, "unknown-attribute"),
        ({"description": "长" * 4001}, 400, "invalid-request"),
    ],
    ids=lambda each: str(each)[:40],
)
async def test_post_of_what_is_missing_or_wrong_is_400_and_of_what_is_not_there_404(
    shaba: Community, changed: dict[str, str], status: int, code: str
) -> None:
    reply = await posted(shaba.school["dispatch"], {**ASKED, **changed})
    assert (reply.status, reply.body[0]["code"]) == (status, code), reply.raw
    assert reply.body[0]["description"]


async def test_post_takes_4000_characters_and_no_other_type_than_a_form(shaba: Community) -> None:
    assert await asked(shaba, description="长\n" * 2000)
    school = shaba.school["dispatch"]
    for kind, body in (("application/json", b"{}"), ("text/plain", b"x"), ("", b"x")):
        headers = {"Content-Type": kind} if kind else {}
        reply = await school.call("POST", f"{PREFIX}/requests.json", data=body, headers=headers)
        assert (reply.status, reply.body[0]["code"]) == (400, "not-a-form")
    for text in (b"service_code=%ff", b"lat=1&lat=2", b"&".join(b"a%d=1" % n for n in range(200))):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        reply = await school.call("POST", f"{PREFIX}/requests.json", data=text, headers=headers)
        assert reply.status == 400, text


async def test_post_with_an_idempotency_key_is_done_once_though_the_api_key_was_renewed(
    shaba: Community,
) -> None:
    key = {"Idempotency_Key": str(uuid4())}
    school = shaba.school["dispatch"]
    first = await posted(anybody(shaba), {**ASKED, "api_key": str(school.token)}, **key)
    again = await posted(school, ASKED, **key)
    assert (first.status, again.status) == (201, 201)
    assert first.raw == again.raw
    other = await posted(school, {**ASKED, "description": "x"}, **key)
    assert (other.status, other.headers["content-type"]) == (422, "application/problem+json")


# GET service_request_id from a token


async def test_token_is_the_id_itself(shaba: Community) -> None:
    id = await asked(shaba)
    reply = await anybody(shaba).get(f"{PREFIX}/tokens/{id}.json", **HERE)
    assert reply.body == [{"service_request_id": id, "token": id}]
    root = xml(await anybody(shaba).get(f"{PREFIX}/tokens/{id}.xml", **HERE))
    assert (root.tag, names(root[0])) == ("service_requests", ("service_request_id", "token"))
    assert (await anybody(shaba).get(f"{PREFIX}/tokens/123456.json", **HERE)).status == 404


# GET Service Requests, GET Service Request


async def test_service_requests_have_each_field_and_nothing_that_is_personal(shaba: Community) -> None:
    id = await asked(shaba, lat="26.08", long="103.18", media_url="https://photos.example/1.jpg")
    [row] = (await anybody(shaba).get(f"{PREFIX}/requests/{id}.json", **HERE)).body
    assert sorted(row) == sorted(REQUEST)
    assert {row[name] for name in NEVER_SHOWN} == {None}
    assert (row["service_request_id"], row["status"], row["status_notes"]) == (id, "open", "received")
    assert (row["service_code"], row["service_name"]) == (PATROL, "治安巡逻")
    assert (row["address_id"], row["agency_responsible"]) == ("shaba-03", "辖区派出所")
    assert parse_time(row["expected_datetime"]) > parse_time(row["requested_datetime"])
    root = xml(await anybody(shaba).get(f"{PREFIX}/requests/{id}.xml", **HERE))
    assert (root.tag, names(root)) == ("service_requests", ("request",))
    assert names(root[0]) == REQUEST
    assert [row] == await listed(shaba, service_request_id=id)


async def test_service_requests_are_there_as_soon_as_they_were_posted(shaba: Community) -> None:
    for _ in range(10):
        id = await asked(shaba)
        assert (await anybody(shaba).get(f"{PREFIX}/requests/{id}.json", **HERE)).status == 200


async def test_service_requests_never_have_one_about_a_resident_or_in_a_home(shaba: Community) -> None:
    resident = await shaba.resident()
    hidden = [
        await shaba.request(),
        await shaba.request(service=PATROL, resident=resident, channel="web"),
        await shaba.request(service=PATROL, channel="telephone"),
    ]
    shown = await shaba.request(service=PATROL, channel="web")

    async def is_there() -> bool:
        return (await anybody(shaba).get(f"{PREFIX}/requests/{shown}.json", **HERE)).status == 200

    await until(is_there)
    assert await listed(shaba, service_request_id=",".join(hidden)) == []
    for id in hidden:
        reply = await anybody(shaba).get(f"{PREFIX}/requests/{id}.json", **HERE)
        assert (reply.status, reply.body[0]["code"]) == (404, "not-found")


async def test_service_requests_by_several_ids_override_all_other_arguments(shaba: Community) -> None:
    ids = [await asked(shaba) for _ in range(3)]
    found = await listed(
        shaba, service_request_id=",".join(ids), service_code="033", status="closed", page="7"
    )
    assert [row["service_request_id"] for row in found] == ids


async def test_service_requests_by_service_codes(shaba: Community) -> None:
    services = [await of_own_service(shaba) for _ in range(3)]
    ids = [await asked(shaba, service_code=service) for service in services]
    found = await listed(shaba, service_code=",".join(services[:2]))
    assert [row["service_request_id"] for row in found] == ids[1::-1]
    assert await listed(shaba, service_code="033") == []


async def test_service_requests_by_status(shaba: Community) -> None:
    service = await of_own_service(shaba)
    id = await asked(shaba, service_code=service)
    assert [row["status"] for row in await listed(shaba, service_code=service, status="open")] == ["open"]
    assert await listed(shaba, service_code=service, status="closed") == []
    both = await listed(shaba, service_code=service, status="open,closed")
    assert [row["service_request_id"] for row in both] == [id]
    reply = await anybody(shaba).get(f"{PREFIX}/requests.json", **HERE, status="pending")
    assert (reply.status, reply.body[0]["code"]) == (400, "unknown-status")


async def test_service_requests_that_are_over_are_closed_with_the_moment_of_their_closing(
    shaba: Community,
) -> None:
    service = await of_own_service(shaba)
    ids = [await asked(shaba, service_code=service) for _ in range(3)]
    desk = shaba.staff["dispatch"]
    for id, ending, body in (
        (ids[0], "withdraw", {"reason": "no-longer-needed"}),
        (ids[1], "reject", {"reason": "out-of-scope"}),
    ):
        ended = await desk.post(f"/v1/requests/{id}/{ending}", body)
        assert ended.status == 200, ended.body

    async def both() -> bool:
        return len(await listed(shaba, service_code=service, status="closed")) == 2

    await until(both)
    closed = await listed(shaba, service_code=service, status="closed")
    assert [(row["service_request_id"], row["status_notes"]) for row in closed] == [
        (ids[1], "rejected"),
        (ids[0], "withdrawn"),
    ]
    assert all(row["updated_datetime"] > row["requested_datetime"] for row in closed)
    still = await listed(shaba, service_code=service, status="open")
    assert [row["service_request_id"] for row in still] == [ids[2]]


async def test_service_requests_by_dates_of_90_days_at_the_most(shaba: Community) -> None:
    service, now = await of_own_service(shaba), datetime.now(UTC)
    id = await asked(shaba, service_code=service)

    async def found(**between: datetime) -> list[str]:
        query = {name: format_time(moment) for name, moment in between.items()}
        return [row["service_request_id"] for row in await listed(shaba, service_code=service, **query)]

    hour, day = timedelta(hours=1), timedelta(days=1)
    assert await found(start_date=now - hour, end_date=now + hour) == [id]
    assert await found(start_date=now - hour) == await found(end_date=now + hour) == [id]
    assert await found(start_date=now + hour) == await found(end_date=now - hour) == []
    assert await found(start_date=now - 100 * day) == []  # 90 days from there on
    assert await found(start_date=now - 89 * day, end_date=now + hour) == [id]
    for query, code in (
        ({"start_date": format_time(now - 91 * day), "end_date": format_time(now)}, "span-too-long"),
        ({"start_date": "2010-01-01"}, "invalid-request"),
        ({"start_date": "2010-01-01T00:00:00"}, "invalid-request"),
        ({"end_date": "yesterday"}, "invalid-request"),
    ):
        reply = await anybody(shaba).get(f"{PREFIX}/requests.json", **HERE, **query)
        assert (reply.status, reply.body[0]["code"]) == (400, code), query
    offset = (now - hour).isoformat(timespec="seconds")
    assert "+00:00" in offset
    path = f"{PREFIX}/requests.json?jurisdiction_id=shaba&service_code={service}&start_date={offset}"
    assert (await anybody(shaba).call("GET", path)).body


async def test_pages_extension_page_and_page_size(shaba: Community) -> None:
    service = await of_own_service(shaba)
    ids = [await asked(shaba, service_code=service) for _ in range(5)]
    pages = [
        [
            row["service_request_id"]
            for row in await listed(shaba, service_code=service, page=page, page_size="2")
        ]
        for page in ("1", "2", "3", "4")
    ]
    assert pages == [ids[:2:-1], ids[2:0:-1], ids[:1], []]
    for query in ({"page": "0"}, {"page": "x"}, {"page_size": "0"}, {"page_size": "1001"}):
        reply = await anybody(shaba).get(f"{PREFIX}/requests.json", **HERE, **query)
        assert (reply.status, reply.body[0]["code"]) == (400, "invalid-request"), query


async def test_updates_extension_updated_after_and_updated_before(shaba: Community) -> None:
    service = await of_own_service(shaba)
    first, second = [await asked(shaba, service_code=service) for _ in range(2)]
    [before] = await listed(shaba, service_request_id=second)
    assert before["updated_datetime"] >= before["requested_datetime"]
    triage = await shaba.staff["dispatch"].post(f"/v1/requests/{first}/triage", {"priority": "urgent"})
    assert triage.status == 200

    async def changed() -> bool:
        return str((await listed(shaba, service_request_id=first))[0]["status_notes"]) == "triaged"

    await until(changed)
    [after] = await listed(shaba, service_request_id=first)
    assert after["updated_datetime"] > before["updated_datetime"]
    assert after["expected_datetime"] == triage.body["due"]
    since = await listed(shaba, service_code=service, updated_after=after["updated_datetime"])
    assert [row["service_request_id"] for row in since] == [first]
    everything = await listed(shaba, service_code=service, updated_after=before["updated_datetime"])
    assert [row["service_request_id"] for row in everything] == [first, second]
    until_then = await listed(shaba, service_code=service, updated_before=before["updated_datetime"])
    assert [row["service_request_id"] for row in until_then] == [second]


# Errors


async def test_errors_are_a_list_in_both_formats_with_a_code_and_a_description(shaba: Community) -> None:
    for format in ("json", "xml"):
        path = f"{PREFIX}/requests.{format}"
        reply = await anybody(shaba).get(path, **HERE, page="0", page_size="x")
        assert reply.status == 400
        if format == "json":
            errors = [(error["code"], error["description"]) for error in reply.body]
        else:
            root = xml(reply)
            assert root.tag == "errors"
            assert {names(error) for error in root.iter("error")} == {("code", "description")}
            errors = [(str(e.findtext("code")), str(e.findtext("description"))) for e in root]
        assert [code for code, _ in errors] == ["invalid-request", "invalid-request"]
        assert all(description for _, description in errors)


async def test_errors_echo_nothing_that_was_sent(shaba: Community) -> None:
    mark = "moon-7f3a"
    for reply in (
        await anybody(shaba).get(f"{PREFIX}/services.json", jurisdiction_id=mark),
        await anybody(shaba).get(f"{PREFIX}/services/{mark}.xml", **HERE),
        await anybody(shaba).get(f"{PREFIX}/requests/{mark}.json", **HERE),
        await anybody(shaba).get(f"{PREFIX}/requests.json", **HERE, status=mark, page=mark),
        await posted(shaba.school["dispatch"], {**ASKED, "attribute[grid]": mark}),
        await posted(shaba.school["dispatch"], {**ASKED, f"attribute[{mark}]": mark}),
    ):
        assert reply.status in (400, 404)
        assert mark.encode() not in reply.raw


# Service discovery


async def test_service_discovery_names_the_endpoint_its_formats_and_when_services_changed(
    shaba: Community,
) -> None:
    found = (await anybody(shaba).get(f"{PREFIX}/discovery.json")).body
    assert sorted(found) == ["changeset", "contact", "endpoints", "key_service"]
    [endpoint] = found["endpoints"]
    assert sorted(endpoint) == ["changeset", "formats", "specification", "type", "url"]
    assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
    assert (endpoint["type"], endpoint["formats"]) == ("production", ["text/xml", "application/json"])
    assert endpoint["url"] == shaba.stack.services["dispatch"] + PREFIX
    services = await shaba.session.get(f"{endpoint['url']}/services.json?jurisdiction_id=shaba")
    assert services.status == 200
    await of_own_service(shaba)
    assert (await anybody(shaba).get(f"{PREFIX}/discovery.json")).body["changeset"] > found["changeset"]
    root = xml(await anybody(shaba).get(f"{PREFIX}/discovery.xml"))
    assert [each.text for each in root.findall("endpoints/endpoint/formats/format")] == endpoint["formats"]
