"""What each role may do, as scopes of an access token."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shared.events.registry import Role
from shared.kernel.decider import require

SCOPES: Mapping[Role, frozenset[str]] = {
    "admin": frozenset(
        {
            *("registry:read", "registry:write", "registry:admin", "registry:introspect"),
            *("residents:read", "details:read"),
            *("dispatch:read", "dispatch:write", "dispatch:coordinate"),
            *("notify:read", "notify:write", "audit:read", "events:read", "operate"),
            *("bulletins:read", "bulletins:write", "bulletins:answer"),
        }
    ),
    "dispatcher": frozenset(
        {
            *("registry:read", "registry:write", "residents:read", "details:read"),
            *("dispatch:read", "dispatch:write", "dispatch:coordinate", "notify:read"),
            *("bulletins:read", "bulletins:write"),
        }
    ),
    "auditor": frozenset({"audit:read", "events:read", "registry:read"}),
    "unit": frozenset(
        {
            *("registry:read", "details:read", "dispatch:read", "dispatch:write"),
            *("notify:read", "notify:write", "events:read", "bulletins:read", "bulletins:answer"),
        }
    ),
    # Of what these open, a volunteer has its own alone: see `bearer_or_volunteer`.
    "volunteer": frozenset({"dispatch:read", "dispatch:write", "details:read", "notify:read"}),
    "service": frozenset({"events:read"}),
}


def own_scopes(role: Role, narrowed: Iterable[str] | None) -> frozenset[str]:
    """What a client of `role` has: all of the role's, or those of them that it was `narrowed` to."""
    return SCOPES[role] if narrowed is None else SCOPES[role] & frozenset(narrowed)


def granted(own: frozenset[str], asked: str | None) -> frozenset[str]:
    """The scopes of a token: all that its client has (`own`), or those asked for (by spaces) that it has."""
    return own if not asked else own & frozenset(asked.split())


def require_yours(wanted: frozenset[str], role: Role, yours: frozenset[str]) -> None:
    """Nobody gives away more than the role may have, or than `yours`, the scopes of the token that gives.

    Raises Refused: scope-not-yours.
    """
    message = "a client has no more scopes than its role, and no more than the token that registers it"
    require(wanted <= SCOPES[role] & yours, "scope-not-yours", message)
