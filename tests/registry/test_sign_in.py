"""People sign in with a real identity provider, and get what is on record for them; nobody else does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from yarl import URL

from deploy.stack import Stack, ephemeral
from deploy.stack.ports import free_base
from shared.kernel.times import format_time
from tests.faults.test_erasure import found_in
from tests.support.client import Client, Reply, access_token
from tests.support.provider import Browser, IdentityProvider, identity_provider
from tests.support.waiting import until

SERVICES = ("registry", "dispatch")


@pytest.fixture(scope="module")
def signing_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, IdentityProvider]]:
    """registry and dispatch, told of a provider that knows them."""
    environment: dict[str, str] = {}
    with ephemeral(("rabbitmq", "store"), {"registry": environment}) as stack:
        registry = stack.site.service_url("registry")
        folder = tmp_path_factory.mktemp("provider")
        with identity_provider(folder, free_base() + 9, f"{registry}/oauth/callback") as provider:
            environment |= {
                "LINLI_OIDC_ISSUER": provider.issuer,
                "LINLI_OIDC_CLIENT_ID": "linli",
                "LINLI_OIDC_CLIENT_SECRET": provider.secret,
                "LINLI_FAILURES": "1000",
                # oauthlib speaks to https alone, unless it is told that this is a test.
                "OAUTHLIB_INSECURE_TRANSPORT": "1",
            }
            for service in SERVICES:
                stack.start(service)
            yield stack, provider


@dataclass
class Office:
    """The administrator, and the addresses of the services."""

    stack: Stack
    session: aiohttp.ClientSession
    admin: Client
    services: dict[str, str]

    @property
    def callback(self) -> str:
        return f"{self.services['registry']}/oauth/callback"

    async def admitted(self, **body: Any) -> str:
        """A person on record, as registry's read model has it."""
        reply = await self.admin.post("/v1/people", {"role": "dispatcher", **body})
        assert reply.status == 201, reply.body
        after = {"Linli-After": reply.headers["linli-position"]}
        shown = await self.admin.call("GET", reply.headers["location"], headers=after)
        assert shown.status == 200, shown.body
        return str(reply.body["id"])

    async def come_back(self, account: str) -> tuple[Browser, str]:
        """A browser that the provider has just sent back, and the address that it was sent to."""
        browser = Browser(aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)), self.callback)
        return browser, await browser.sign_in(f"{self.services['registry']}/oauth/sign-in", account)

    async def signed_in(self, account: str) -> Reply:
        """What somebody gets who signs in as `account`."""
        browser, url = await self.come_back(account)
        async with browser.session:
            return await arrived(browser, url)


async def arrived(browser: Browser, url: str) -> Reply:
    async with browser.session.get(URL(url, encoded=True)) as response:
        raw = await response.read()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status, headers, await response.json(content_type=None), raw)


@pytest.fixture
async def office(signing_in: tuple[Stack, IdentityProvider]) -> AsyncIterator[Office]:
    stack = signing_in[0]
    services = {name: stack.site.service_url(name) for name in SERVICES}
    async with aiohttp.ClientSession() as session:
        secret = stack.site.credentials.admin
        token = await access_token(session, services["registry"], "client-admin", secret)
        yield Office(stack, session, Client(services["registry"], session, token), services)


async def test_somebody_on_record_signs_in_and_works_with_the_scopes_on_record(office: Office) -> None:
    person = await office.admitted(email="Mei@Provider.example", scopes=["dispatch:read", "registry:read"])
    reply = await office.signed_in("mei")
    assert reply.status == 200, reply.body
    assert (reply.body["scope"], reply.body["expires_in"]) == ("dispatch:read registry:read", 600)
    assert reply.headers["cache-control"] == "no-store"
    mine = {
        name: Client(base, office.session, reply.body["access_token"])
        for name, base in office.services.items()
    }

    async def dispatch_knows() -> bool:
        return (await mine["dispatch"].get("/v1/requests")).status == 200

    await until(dispatch_knows)
    assert (await mine["dispatch"].get("/v1/events")).status == 403
    body = {"name": "x", "scopes": ["dispatch:read"], "expires_at": _tomorrow()}
    assert (await mine["registry"].post("/v1/tokens", body)).status == 201
    feed = await _feed(office)
    [told] = [event for event in feed if event["type"] == "person-signed-in"]
    assert (told["data"]["subject"], told["authid"]) == (person, person)


async def test_a_subject_is_known_too_and_nobody_is_admitted_twice(office: Office) -> None:
    await office.admitted(subject="subject-of-bo", role="auditor")
    assert (await office.signed_in("subject-of-bo")).status == 200
    again = await office.admin.post("/v1/people", {"role": "admin", "subject": "subject-of-bo"})
    assert (again.status, again.body["code"]) == (409, "already-admitted")


async def test_who_is_not_on_record_or_not_verified_gets_nothing(office: Office) -> None:
    await office.admitted(email="unverified@provider.example")
    for account in ("mallory", "unverified"):
        reply = await office.signed_in(account)
        assert (reply.status, reply.body["code"]) == (403, "not-admitted")


async def test_a_dismissed_person_is_out_within_seconds_and_its_address_is_gone(office: Office) -> None:
    person = await office.admitted(email="leaver@provider.example", role="admin")
    reply = await office.signed_in("leaver")
    assert (await office.admin.post(f"/v1/people/{person}/dismiss")).status == 200
    for base in office.services.values():
        theirs = Client(base, office.session, reply.body["access_token"])

        async def refused(theirs: Client = theirs) -> bool:
            return bool((await theirs.get("/v1/events")).body.get("code") == "token-revoked")

        await until(refused, 5)

    async def gone() -> bool:
        return (await office.admin.get(f"/v1/people/{person}")).status == 404

    await until(gone)
    assert (await office.signed_in("leaver")).status == 403
    assert person not in [one["id"] for one in (await office.admin.get("/v1/people")).body["items"]]


async def test_a_sign_in_ends_once_in_the_browser_that_began_it(office: Office) -> None:
    await office.admitted(email="once@provider.example")
    browser, url = await office.come_back("once")
    async with browser.session:
        async with aiohttp.ClientSession() as other:
            for wrong in (Browser(other, office.callback), browser):
                changed = url if wrong is not browser else url.replace("state=", "state=x")
                reply = await arrived(wrong, changed)
                assert (reply.status, reply.body["code"]) == (400, "sign-in-refused")
        cookies = list(browser.session.cookie_jar)
        assert (await arrived(browser, url)).status == 200
        browser.session.cookie_jar.update_cookies({one.key: one for one in cookies}, URL(office.callback))
        replayed = await arrived(browser, url)
        assert (replayed.status, replayed.body["code"]) == (400, "sign-in-refused")
    denied = await office.session.get(f"{office.callback}?error=access_denied&state=x")
    assert denied.status == 400


async def test_the_way_to_the_provider_has_state_nonce_and_challenge(office: Office) -> None:
    url = office.services["registry"] + "/oauth/sign-in"
    async with office.session.get(url, allow_redirects=False) as response:
        assert response.status == 302
        query = parse_qs(urlsplit(response.headers["Location"]).query)
        cookie = response.headers["Set-Cookie"]
    assert query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    assert all(len(query[name][0]) >= 32 for name in ("state", "nonce", "code_challenge"))
    assert {"HttpOnly", "Path=/oauth"} <= {part.strip() for part in cookie.split(";")}
    assert query["state"][0] not in cookie


async def test_nobody_admits_somebody_who_may_do_more(office: Office) -> None:
    made = await office.admin.post(
        "/v1/clients", {"name": "x", "role": "admin", "scopes": ["registry:admin", "dispatch:read"]}
    )
    registry = office.services["registry"]
    secret = str(made.body["client_secret"])
    token = await access_token(office.session, registry, str(made.body["client_id"]), secret)
    small = Client(registry, office.session, token)
    for body in ({"role": "admin"}, {"role": "dispatcher", "scopes": ["dispatch:write"]}):
        reply = await small.post("/v1/people", {"email": "x@provider.example", **body})
        assert (reply.status, reply.body["code"]) == (403, "scope-not-yours")
    nameless = await office.admin.post("/v1/people", {"role": "admin"})
    assert (nameless.status, nameless.body["code"]) == (422, "invalid-request")


async def test_an_address_is_nowhere_in_the_clear(office: Office) -> None:
    person = await office.admitted(email="ouyang.qinghe@provider.example")
    reply = await office.signed_in("ouyang.qinghe")
    assert reply.status == 200
    folder: Path = office.stack.folder.path
    words = ("ouyang.qinghe", str(reply.body["access_token"]))
    assert await asyncio.to_thread(found_in, folder, *words) == []
    assert await asyncio.to_thread(found_in, folder / "store", person), "the search sees nothing at all"


async def _feed(office: Office) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = "0"
    while (page := await office.admin.get("/v1/events", after=after, limit="500")).body["next"] is not None:
        found += page.body["items"]
        after = str(page.body["next"])
    return found


def _tomorrow() -> str:
    return format_time(datetime.now(UTC) + timedelta(days=1))
