"""Files as a caller sends them: small, and what they say they are."""

from __future__ import annotations

from tests.support.client import Client, Reply

JPEG, PNG, WEBP, PDF = "image/jpeg", "image/png", "image/webp", "application/pdf"
BEGINNINGS = {
    JPEG: b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    PNG: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    WEBP: b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    PDF: b"%PDF-1.7\n",
}


def file(media_type: str = PDF, said: str = "drawn up by hand") -> bytes:
    """A file of this kind with some bytes in it that can be looked for."""
    return BEGINNINGS[media_type] + said.encode()


async def attach(
    client: Client, request: str, data: bytes, media_type: str = PDF, query: str = "", **headers: str
) -> Reply:
    """Send `data` to a request; keyword arguments are headers, `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    path = f"/v1/requests/{request}/attachments{query}"
    return await client.call("POST", path, data=data, headers={"Content-Type": media_type, **named})


async def listed(client: Client, request: str) -> list[str]:
    """The ids of a request's attachments, as this caller sees them."""
    found = await client.get(f"/v1/requests/{request}/attachments")
    assert found.status == 200, found.body
    return [str(item["id"]) for item in found.body["items"]]
