"""A resident agrees, agrees no longer, asks what is kept, and is forgotten once no hold is in the way."""

from __future__ import annotations

from tests.support.client import Client


async def personal_rights(registry: Client, dispatch: Client, resident: str) -> None:
    """Each route once; dispatch has heard of the resident."""
    path = f"/v1/residents/{resident}"
    assert (await registry.post(f"{path}/consents", {"purpose": "health"})).status == 200
    hold = await registry.post(f"{path}/holds", {"reason": "litigation"})
    assert (await registry.post(f"{path}/consents/health/withdraw")).body["state"] == "withdrawn-held"
    assert (await registry.post(f"{path}/erasure")).status == 409
    for what in ("consents", "holds", "report"):
        assert (await registry.get(f"{path}/{what}")).status == 200
    assert (await dispatch.get(f"{path}/report")).status == 200
    assert (await registry.post(f"{path}/holds/{hold.body['id']}/release")).status == 200
