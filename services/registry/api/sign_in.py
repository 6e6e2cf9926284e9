"""People sign in with the identity provider of their community, and get an access token."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.registry.admitted import Admitted
from services.registry.api import oauth_shapes as shapes
from services.registry.api.oauth import UNKEPT, granted_token
from services.registry.api.records import RECORDS
from services.registry.authentication import Door, NotLetIn, grant_of
from services.registry.domain.record import Register
from services.registry.sign_in import LONGEST_S, Identity, NotSignedIn, ProviderAway, SignIn
from services.registry.signing import Grant
from shared.events.registry import PersonSignedIn
from shared.kernel.commit import Answer
from shared.runtime.access import Principal
from shared.runtime.execute import Transaction
from shared.runtime.http.openapi import answers
from shared.runtime.http.problems import Problem, unavailable
from shared.runtime.http.rate import address_of
from shared.runtime.http.routes import Route
from shared.runtime.ids import new_id

router = APIRouter(tags=["access"], route_class=Route)

COOKIE = "linli-sign-in"
_REFUSED = "the sign-in did not come to its end; begin again at /oauth/sign-in, in the same browser"
_AWAY = "the identity provider does not answer; try again soon"
_UNKNOWN = "you may not sign in here; ask an administrator, who can put you on record"


def _configured(request: Request) -> SignIn:
    found: SignIn | None = request.app.state.sign_in
    if found is None:
        message = "nobody signs in here: no identity provider is set; see docs/access.md"
        raise Problem(404, "sign-in-off", message)
    return found


@router.get(
    "/oauth/sign-in",
    status_code=302,
    response_class=RedirectResponse,
    summary="Go to the identity provider to sign in (OpenID Connect, with PKCE)",
)
async def begin(request: Request) -> Response:
    """For browsers: 302 to the provider, with a cookie that is good for ten minutes. 404 `sign-in-off` where
    no provider is set."""
    try:
        url, cookie = await _configured(request).begin()
    except ProviderAway:
        raise unavailable("identity-provider-unavailable", _AWAY) from None
    response = RedirectResponse(url, 302, UNKEPT)
    secure = str(request.app.state.service.keys.issuer).startswith("https:")
    options = {"path": "/oauth", "httponly": True, "samesite": "lax", "secure": secure}
    response.set_cookie(COOKIE, cookie, max_age=LONGEST_S, **options)  # type: ignore[arg-type]
    return response


@router.get(
    "/oauth/callback",
    summary="Come back from the identity provider with a code, and get an access token",
    responses=answers(shapes.Token),
)
async def finish(request: Request) -> Response:
    """For browsers. 403 `not-admitted` for somebody who is not on record, 400 `sign-in-refused` for what did
    not begin in this browser within ten minutes, was altered, or was denied."""
    sign_in, door = _configured(request), request.app.state.door
    address = f"sign-in {address_of(request.scope)}"
    door.failures.check(address)
    try:
        identity = await sign_in.finish(str(request.url.query), request.cookies.get(COOKIE, ""))
        grant = await _grant(request, door, identity)
    except ProviderAway:
        raise unavailable("identity-provider-unavailable", _AWAY) from None
    except NotSignedIn:
        door.failures.failed(address)
        raise Problem(400, "sign-in-refused", _REFUSED) from None
    except NotLetIn:
        door.failures.failed(address)
        raise Problem(403, "not-admitted", _UNKNOWN) from None
    await _record(request, grant)
    response = granted_token(request, grant, grant.scopes)
    response.delete_cookie(COOKIE, path="/oauth")
    return response


async def _grant(request: Request, door: Door, identity: Identity) -> Grant:
    admitted: Admitted = request.app.state.admitted
    person = await admitted.person(identity.email, identity.subject)
    known = await door.credentials.find(person) if person is not None else None
    if person is None or known is None:
        raise NotLetIn("not-admitted")
    now = datetime.now(UTC)
    grant = grant_of(person, known.credential, now)
    await door.uses.note(person, now)
    return grant


async def _record(request: Request, grant: Grant) -> None:
    communities = frozenset(grant.communities)
    principal = Principal(grant.subject, grant.role, grant.scopes, communities, credential=grant.client)

    async def work(transaction: Transaction) -> Answer:
        event = PersonSignedIn(community=min(communities), subject=grant.subject)
        await transaction.begin(RECORDS, new_id("signin"), Register(event))
        return Answer(200, {})

    await request.app.state.commands.run(request, principal, work)
