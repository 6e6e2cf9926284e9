"""Makes the store's replica set and users: `python -m deploy.compose.store <address> <member>`.

`address` (host:port) must be the store's own loopback: until there is a first user, MongoDB lets nobody in
from elsewhere (its "localhost exception"). `member` is the address by which the services reach it. Safe to
run at every start: what exists stays, with the passwords given now.
"""

import sys

from deploy.compose.passwords import given
from deploy.stack.store import operator_user, service_users
from shared.runtime.store_admin import StoreRefused, create_users, found_replica_set, ping

REPLICA_SET = "linli"


def main() -> str | None:
    """None when all is in place, else what to do."""
    address, member = sys.argv[1:]
    passwords = given("STORE")
    anybody = f"mongodb://{address}/admin?directConnection=true"
    operator = f"mongodb://operator:{passwords.operator}@{address}/admin?directConnection=true"
    found_replica_set(anybody, REPLICA_SET, member)
    try:
        if not _let_in(operator):
            create_users(anybody, [operator_user(passwords.operator)])
    except StoreRefused:
        return "The store knows another password for its operator: STORE_PASSWORD_OPERATOR is not its data's."
    create_users(operator, service_users(passwords.services))
    return None


def _let_in(url: str) -> bool:
    try:
        ping(url)
    except StoreRefused:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
