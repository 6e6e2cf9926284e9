"""Tables that come in and go out every day, for the stories of the interface."""

from __future__ import annotations

from services.registry.api.table_shapes import EXAMPLES
from tests.support.client import Client, Reply
from tests.support.community import Community

KINDS = ("units", "volunteers", "residents", "services", "facilities", "seats", "agreements")
PUBLIC = ("services", "facilities", "agreements")


async def sent(client: Client, kind: str, data: bytes | str, **query: str) -> Reply:
    """POST a table."""
    body = data.encode() if isinstance(data, str) else data
    headers = {"Content-Type": "text/csv"}
    return await client.call("POST", f"/v1/imports/{kind}", data=body, headers=headers, params=query)


async def tables(shaba: Community) -> None:
    """Each kind is looked through, entered with one bad line, and exported."""
    registry = shaba.admin["registry"]
    for kind in KINDS:
        data = EXAMPLES[kind] + "x\r\n"
        looked = await sent(registry, kind, data, dry_run="true")
        assert (looked.status, looked.body["rows"], looked.body["errors"][-1]["line"]) == (200, 2, 3)
        entered = await sent(registry, kind, data)
        assert (entered.status, entered.body[-1]["finished"]) == (200, True)
        purpose = {} if kind in PUBLIC else {"purpose": "report"}
        assert (await registry.get(f"/v1/exports/{kind}", **purpose)).status == 200
        assert (await sent(registry, kind, "planted\r\n")).status == 422
