"""What registry is asked of a community's own working days."""

from __future__ import annotations

from tests.support.community import Community

PATH = "/v1/communities/community-shaba/working-days"


async def working_days(shaba: Community) -> None:
    """One is declared, shown, and taken back."""
    registry, day = shaba.admin["registry"], f"{PATH}/2100-12-06"
    body = {"working": True, "reason": "make-up-day"}
    assert (await registry.call("PUT", day, body)).status == 200
    assert (await shaba.staff["registry"].get(PATH)).body["items"]
    assert (await registry.call("DELETE", day)).status == 200
