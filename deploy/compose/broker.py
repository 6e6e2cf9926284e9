"""Writes the broker's users and rights for it to load: `python -m deploy.compose.broker <file>`.

The broker reads the file at every start, so that a changed password holds from its next start on.
"""

import sys
from pathlib import Path

from deploy.compose.passwords import given
from deploy.stack.rabbitmq import broker_definitions


def main() -> None:
    """Put the file in place at once and whole."""
    path = Path(sys.argv[1])
    passwords = given("BROKER", "accounts")
    new = path.with_suffix(".new")
    definitions = broker_definitions(passwords.services, passwords.operator, passwords.others["accounts"])
    new.write_text(definitions, encoding="utf-8")
    # The broker runs as another user. What it reads here are salted hashes of long random passwords.
    new.chmod(0o644)
    new.replace(path)


if __name__ == "__main__":
    main()
