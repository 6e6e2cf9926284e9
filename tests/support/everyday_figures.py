"""Figures that are asked for every day, for the stories of the interface."""

from __future__ import annotations

from typing import get_args

from services.dispatch.chart_words import Lang
from services.dispatch.domain.figures import By
from tests.support.community import Community


async def figures(shaba: Community) -> None:
    """The week's figures as JSON, as a table and as a picture, by all that they can be told apart by."""
    desk, ours = shaba.staff["dispatch"], shaba.health["dispatch"]
    await shaba.request()
    assert (await desk.get("/v1/figures")).body["total"]["requests"]
    for by in get_args(By):
        for client in (desk, ours):
            assert (await client.get("/v1/figures", by=by)).body["groups"]
        for path in ("/v1/figures.csv", "/v1/figures/chart.svg"):
            assert (await desk.get(path, by=by)).status == 200
    assert (await desk.call("GET", "/v1/figures", headers={"Accept": "text/csv"})).status == 200
    for lang in get_args(Lang):
        assert (await ours.get("/v1/figures/chart.svg", figure="minutes_to_visit_p90", lang=lang)).raw
    assert (await desk.get("/v1/figures", as_of="2999-01-01T00:00:00Z")).status == 422
    assert (await desk.get("/v1/figures", community="elsewhere")).status == 404
