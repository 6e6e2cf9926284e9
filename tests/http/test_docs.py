"""`/docs` is a page that needs no other host, and can reach none."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest

from tests.support.client import Client
from tests.support.community import SERVICES, Community

TYPES = {
    "/docs/swagger-ui.css": "text/css",
    "/docs/favicon-32x32.png": "image/png",
    "/docs/swagger-ui-bundle.js": "text/javascript",
    "/docs/start.js": "text/javascript",
    "/openapi.json": "application/json",
}


class Page(HTMLParser):
    """The addresses that a page names, its element ids, and what of it would run in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.addresses += [str(found[name]) for name in ("href", "src", "action", "data") if name in found]
        self.ids += [str(found["id"])] if "id" in found else []
        self.inline += [name for name in found if name.startswith("on") or name == "style"]
        if tag == "style" or (tag == "script" and "src" not in found):
            self.inline.append(tag)


@pytest.mark.parametrize("service", SERVICES)
async def test_docs_names_own_paths_only_and_each_of_them_is_there(shaba: Community, service: str) -> None:
    nobody = Client(shaba.stack.services[service], shaba.session)
    reply = await nobody.get("/docs")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    page = Page(reply.raw.decode())
    script = (await nobody.get("/docs/start.js")).raw.decode()
    assert f"Linli {service}" in reply.raw.decode()
    assert "//" not in reply.raw.decode() + script
    paths = [urljoin("/docs", address) for address in page.addresses]
    assert not [path for path in paths if urlsplit(path).scheme or urlsplit(path).netloc]
    assert set(paths) == set(TYPES)
    for path in paths:
        found = await nobody.get(path)
        assert found.status == 200
        assert found.headers["content-type"].partition(";")[0] == TYPES[path]
        assert found.raw
    # The script that starts it shows this document, in the place that the page has for it.
    assert 'url: "openapi.json"' in script
    assert [f'dom_id: "#{id}"' in script for id in page.ids] == [True]


async def test_docs_may_load_and_run_nothing_but_its_own_files(shaba: Community) -> None:
    nobody = Client(shaba.stack.services["dispatch"], shaba.session)
    for path in ("/docs", *(path for path in TYPES if path.startswith("/docs/"))):
        headers = (await nobody.get(path)).headers
        policy = dict(
            part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";") if part
        )
        assert (policy["default-src"], policy["script-src"]) == ("'none'", "'self'")
        assert {source for sources in policy.values() for source in sources.split()} <= {
            *("'none'", "'self'"),
            "data:",
        }
        assert headers["x-content-type-options"] == "nosniff"
    assert Page((await nobody.get("/docs")).raw.decode()).inline == []


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fmain.py", "swagger-ui.css%00", "%2Fetc%2Fpasswd"])
async def test_docs_gives_out_no_other_file(shaba: Community, name: str) -> None:
    reply = await Client(shaba.stack.services["audit"], shaba.session).get(f"/docs/{name}")
    assert (reply.status, reply.body.get("code")) == (404, "not-found")
