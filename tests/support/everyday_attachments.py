"""A form that came with a request: attached, listed, read, removed."""

from __future__ import annotations

from tests.support.attaching import attach, file, listed
from tests.support.client import Client


async def paper(desk: Client, request: str, visit: str) -> None:
    """Each route of attachments once; `visit` is one of `request`."""
    added = await attach(desk, request, file(), query=f"?kind=form&visit={visit}")
    assert added.status == 201, added.body
    path = added.headers["location"]
    assert (await attach(desk, request, b"%PDF", query="?kind=form")).status == 422
    assert await listed(desk, request) == [added.body["id"]]
    assert (await desk.get(path, purpose="service")).raw == file()
    for _ in range(2):
        assert (await desk.call("DELETE", f"{path}?reason=no-longer-needed")).status == 200
    assert (await desk.get(path, purpose="service")).status == 404
