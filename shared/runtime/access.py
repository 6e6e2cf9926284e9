"""Who calls: access tokens checked against keys that registry published as events.

Every service keeps the keys in a table of its own (`key_table.py`), so each checks by itself and starts while
registry is down.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request
from fastapi.openapi.models import OAuth2, OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase

from shared.runtime.http.problems import CALLER, Problem
from shared.runtime.http.rate import address_of
from shared.runtime.key_table import ISSUER, KeyTable
from shared.runtime.principal import Principal

__all__ = ["ISSUER", "SCOPES", "Bearer", "KeyTable", "Principal", "bearer", "bearer_or_volunteer"]

SCOPES: Mapping[str, str] = {
    "registry:read": "read units, volunteers, teams, grids and the catalogue",
    "registry:write": "register volunteers and residents",
    "registry:admin": "register units, services and API clients, erase a person",
    "registry:introspect": "ask whether an access token is good, and whose it is",
    "residents:read": "read the codes of residents",
    "dispatch:read": "read requests, assignments and visits",
    "dispatch:write": "open requests, check in and complete visits",
    "dispatch:coordinate": "triage requests, assign volunteers, schedule visits",
    "details:read": "read personal details, each reading on record",
    "notify:read": "read messages, endpoints and deliveries",
    "notify:write": "register endpoints and consumers",
    "bulletins:read": "read bulletins and reports",
    "bulletins:write": "publish and withdraw bulletins, see who has read them, note that a report was read",
    "bulletins:answer": "note that a bulletin was read, report to the community office",
    "audit:read": "read and verify the audit log",
    "events:read": "read a service's events",
    "operate": "see and redrive parked events",
}


NOT_FOR_VOLUNTEERS = (
    "this is for staff and units; a volunteer reads and does what is the volunteer's own: its offers, "
    "assignments and visits"
)


class Bearer(SecurityBase):
    """The dependency by which a route asks for scopes: `Security(bearer, scopes=["dispatch:write"])`.

    It lets in no volunteer's client, whatever its scopes, unless it is made with `volunteers`.
    """

    def __init__(self, volunteers: bool = False) -> None:
        self._volunteers = volunteers
        flow = OAuthFlowClientCredentials(tokenUrl="/oauth/token", scopes=dict(SCOPES))
        self.model = OAuth2(
            flows=OAuthFlows(clientCredentials=flow),
            description="Tokens come from registry: the path is registry's, whichever service is called.",
        )
        self.scheme_name = "oauth2"

    async def __call__(self, request: Request, needed: SecurityScopes) -> Principal:
        """The caller. Raises Problem 401 without a valid token (429 after many such), 403 without a scope it
        needs, or for a volunteer."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            message = "send an access token, as Authorization: Bearer"
            raise Problem(401, "token-missing", message, headers={"WWW-Authenticate": "Bearer"})
        table: KeyTable = request.app.state.keys
        try:
            principal = await table.verify(token.strip())
        except Problem as problem:
            # Who has a good token is never held up by those who have none; one without an agreement is good.
            if problem.status == HTTPStatus.UNAUTHORIZED:
                address = f"bearer {address_of(request.scope)}"
                table.failures.check(address)
                table.failures.failed(address)
            raise
        request.scope[CALLER] = principal.client
        if not principal.scopes.issuperset(needed.scopes):
            scopes = " ".join(needed.scopes)
            challenge = f'Bearer error="insufficient_scope", scope="{scopes}"'
            message = f"this needs the scope {scopes}, which the token does not have"
            raise Problem(403, "insufficient-scope", message, headers={"WWW-Authenticate": challenge})
        if principal.volunteer is not None and not self._volunteers:
            raise Problem(403, "staff-only", NOT_FOR_VOLUNTEERS)
        return principal


bearer = Bearer()
bearer_or_volunteer = Bearer(volunteers=True)
"""For the few routes that a volunteer's client can call too: they show and change its own things alone."""
