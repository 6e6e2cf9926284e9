"""The keys that sign access tokens: a new one, without an outage."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response, Security

from services.registry.api import access_shapes as shapes
from services.registry.api.records import RECORDS, community_of
from services.registry.domain.record import Register
from services.registry.signing import Signing
from shared.events.registry import SigningKeyPublished
from shared.kernel.commit import Answer
from shared.kernel.decider import require
from shared.kernel.times import format_time, later
from shared.runtime.access import Principal, bearer
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import CommandsOf
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1", tags=["access"], route_class=Route)
Admin = Annotated[Principal, Security(bearer, scopes=["registry:admin"])]

KEYS = 3
"""Keys that can be good at one time: those that still are, and the new one."""


@router.post(
    "/keys/rotate",
    summary="Make a new key that signs access tokens",
    responses=answers(shapes.KeyRotated),
)
async def rotate(request: Request, principal: Admin, commands: CommandsOf) -> Response:
    """200 with `kid` and `used_from`: some seconds from now, when every service knows the key. The one before
    is retired by itself when the last token that it signed is over. 409 `too-many-keys` if that is still to
    come for several."""
    signing: Signing = request.app.state.signing

    async def work(transaction: Transaction) -> Answer:
        message = "several keys are good already; wait until the oldest is retired, some ten minutes"
        require(len(signing.published) < KEYS, "too-many-keys", message)
        made = signing.make()
        stream = f"key-{made.kid}"
        facts = SigningKeyPublished(community=community_of(principal), kid=made.kid, x=made.x)
        await transaction.begin(RECORDS, stream, Register(facts))
        used_from = later(format_time(transaction.context.now), signing.settle_s)
        return Answer(200, {"id": stream, "kid": made.kid, "used_from": used_from}, etag=1)

    return await commands.run(request, principal, work)
