"""What a city's app asks of dispatch by Open311."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from tests.support.client import Client, Reply
from tests.support.community import Community
from tests.support.interface import Noting

PREFIX = "/open311/v2"
PATROL = "service-safety-patrol"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
ASKED = {
    "jurisdiction_id": "shaba",
    "service_code": PATROL,
    "attribute[grid]": "shaba-03",
    "address_string": "3栋东侧路灯下",
    "description": "路灯不亮",
}


async def posted(client: Client, fields: Mapping[str, str], format: str = "json", **headers: str) -> Reply:
    """POST a service request as a form; keyword arguments are headers, `_` for `-`."""
    sent = {"Content-Type": FORM, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return await client.call(
        "POST", f"{PREFIX}/requests.{format}", data=urlencode(fields).encode(), headers=sent
    )


async def open311(shaba: Community) -> None:
    """Services are listed and defined, one is asked for, and what came of it is followed; in both formats."""
    desk = shaba.staff["dispatch"]
    assert isinstance(desk, Noting)
    nobody = Noting(desk.base, desk.session, None, desk.headers, desk.service, desk.heard)
    shaba_s = {"jurisdiction_id": "shaba"}
    for format in ("json", "xml"):
        done = await posted(desk, ASKED, format)
        assert done.status == 201, done.raw
        by_key = await posted(nobody, {**ASKED, "api_key": str(desk.token)})
        id = str(by_key.body[0]["service_request_id"])
        for path in (
            *("services", f"services/{PATROL}", "requests", f"requests/{id}", f"tokens/{id}"),
            "discovery",
        ):
            reply = await nobody.get(f"{PREFIX}/{path}.{format}", **shaba_s)
            assert reply.status == 200, reply.raw
            assert reply.raw
        for refused, status in (
            (await nobody.get(f"{PREFIX}/requests/request-nothing.{format}", **shaba_s), 404),
            (await nobody.get(f"{PREFIX}/requests.{format}", **shaba_s, page="0"), 400),
            (await posted(nobody, ASKED, format), 403),
        ):
            assert refused.status == status, refused.raw
