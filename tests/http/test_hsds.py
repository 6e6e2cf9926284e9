"""The catalogue for other systems, without a token, as HSDS 3.0 has it."""

from __future__ import annotations

from uuid import uuid4

from services.registry.hsds import uuid_of
from tests.support.client import Client
from tests.support.community import HEALTH, HEALTH_HELP, Community
from tests.support.hsds import faults
from tests.support.waiting import until


def anybody(shaba: Community) -> Client:
    """A client of registry without a token."""
    return Client(shaba.stack.services["registry"], shaba.session)


async def test_it_says_what_it_is(shaba: Community) -> None:
    about = await anybody(shaba).get("/hsds/")
    assert about.status == 200
    assert about.body["version"] == "3.0"
    assert str(about.body["openapi_url"]).endswith("/openapi.json")


async def test_the_whole_catalogue_holds_to_hsds_page_by_page(shaba: Community) -> None:
    reader, seen, number = anybody(shaba), set[str](), 1
    while True:
        page = await reader.get("/hsds/services", per_page="20", page=str(number), full="true")
        assert page.status == 200, page.body
        assert [*faults("page", page.body)] == []
        seen |= {str(item["id"]) for item in page.body["contents"]}
        assert page.body["page_number"] == number
        if page.body["last_page"]:
            break
        number += 1
    assert len(seen) == page.body["total_items"] > 50
    assert uuid_of(HEALTH_HELP) in seen
    assert page.headers["cache-control"].startswith("public")
    beyond = await reader.get("/hsds/services", page="100000")
    assert (beyond.status, beyond.body["empty"], beyond.body["contents"]) == (200, True, [])


async def test_one_service_and_its_organization(shaba: Community) -> None:
    reader = anybody(shaba)
    service = (await reader.get(f"/hsds/services/{uuid_of(HEALTH_HELP)}")).body
    assert [*faults("service", service)] == []
    assert service["alternate_name"] == "Urgent help for a health problem at home"
    organization = (await reader.get(f"/hsds/organizations/{service['organization_id']}")).body
    assert organization == service["organization"]
    assert [*faults("organization", organization)] == []
    theirs = await reader.get("/hsds/services", organization_id=uuid_of(HEALTH))
    assert {item["organization_id"] for item in theirs.body["contents"]} == {uuid_of(HEALTH)}
    listed = await reader.get("/hsds/organizations", community="shaba")
    assert [*faults("page", listed.body, "organization")] == []
    assert (await reader.get("/hsds/organizations", community="nowhere")).body["empty"] is True


async def test_what_is_not_public_is_not_there_and_what_is_withdrawn_is_defunct(shaba: Community) -> None:
    registry, reader = shaba.admin["registry"], anybody(shaba)
    name = {"zh": f"试 {uuid4().hex[:6]}", "en": "Ünïcode"}
    body = {"name": name, "category": "volunteering", "lead_unit": HEALTH, "response_minutes": 60}
    made = [await registry.post("/v1/services", {**body, "public": public}) for public in (True, False)]
    shown, hidden = (f"/hsds/services/{uuid_of(str(reply.body['id']))}" for reply in made)

    async def says(status: str) -> bool:
        reply = await reader.get(shown)
        return reply.status == 200 and reply.body["status"] == status

    await until(lambda: says("active"))
    assert (await reader.get(shown)).body["alternate_name"] == "Ünïcode"
    assert (await reader.get(hidden)).status == 404
    withdrawn = await registry.post(f"/v1/services/{made[0].body['id']}/withdraw", {"reason": "replaced"})
    assert withdrawn.status == 200
    await until(lambda: says("defunct"))
    everything = await reader.get("/hsds/services", per_page="500")
    assert not {str(item["id"]) for item in everything.body["contents"]} & {shown[-36:], hidden[-36:]}


async def test_what_cannot_be_meant_is_refused(shaba: Community) -> None:
    reader = anybody(shaba)
    for query in (
        {"page": "0"},
        {"page": "-1"},
        {"per_page": "501"},
        {"per_page": "many"},
        {"organization_id": "unit-health-centre"},
        {"taxonomy_term_id": "x"},
        {"full": "perhaps"},
    ):
        refused = await reader.get("/hsds/services", **query)
        assert (refused.status, refused.body["code"]) == (422, "invalid-request"), query
    for id in (HEALTH_HELP, str(uuid4()), "…"):
        assert (await reader.get(f"/hsds/services/{id}")).status == 404
        assert (await reader.get(f"/hsds/organizations/{id}")).status == 404
