"""What each role may do, as scopes of an access token."""

from __future__ import annotations

from collections.abc import Mapping

from shared.events.registry import Role

SCOPES: Mapping[Role, frozenset[str]] = {
    "admin": frozenset(
        {
            *("registry:read", "registry:write", "registry:admin", "residents:read", "details:read"),
            *("dispatch:read", "dispatch:write", "dispatch:coordinate"),
            *("notify:read", "notify:write", "audit:read", "events:read", "operate"),
        }
    ),
    "dispatcher": frozenset(
        {
            *("registry:read", "registry:write", "residents:read", "details:read"),
            *("dispatch:read", "dispatch:write", "dispatch:coordinate", "notify:read"),
        }
    ),
    "auditor": frozenset({"audit:read", "events:read", "registry:read"}),
    "unit": frozenset(
        {
            *("registry:read", "dispatch:read", "dispatch:write"),
            *("notify:read", "notify:write", "events:read"),
        }
    ),
    # Nothing makes such a client yet; what it may do must wait until requests can be told apart by volunteer.
    "volunteer": frozenset(),
    "service": frozenset({"events:read"}),
}


def granted(role: Role, asked: str | None) -> frozenset[str]:
    """The scopes for `role`: all of its own, or those asked for (space-separated) that it has."""
    own = SCOPES[role]
    return own if not asked else own & frozenset(asked.split())
