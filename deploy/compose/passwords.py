"""The passwords that a set-up container is given, one variable for each user: STORE_PASSWORD_AUDIT, …"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from deploy.stack import SERVICES


@dataclass(frozen=True, slots=True)
class Passwords:
    """The passwords of one server's users: by service, the operator's, and those of `others` by name."""

    services: Mapping[str, str]
    operator: str
    others: Mapping[str, str]


def given(kind: str, *others: str) -> Passwords:
    """All `<kind>_PASSWORD_<USER>`; ends the process with code 2, naming them, if some are missing."""
    names = {user: f"{kind}_PASSWORD_{user.upper()}" for user in (*SERVICES, "operator", *others)}
    missing = [name for name in names.values() if not os.environ.get(name)]
    if missing:
        print(f"missing: {', '.join(missing)}", file=sys.stderr)
        sys.exit(2)
    return Passwords(
        {user: os.environ[names[user]] for user in SERVICES},
        os.environ[names["operator"]],
        {user: os.environ[names[user]] for user in others},
    )
