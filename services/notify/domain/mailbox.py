"""Which e-mail addresses are written to: one plain mailbox, in ASCII (RFC 5321, 4.1.2, without quotes)."""

from __future__ import annotations

import re

from shared.kernel.decider import require

LONGEST = 254
"""RFC 5321, 4.5.3.1.3, without the brackets."""
LONGEST_LOCAL = 64

_LOCAL = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.IGNORECASE | re.ASCII
)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE | re.ASCII)


def check_mailbox(address: str) -> None:
    """Raise Refused(address-not-allowed) unless `address` is a mailbox that any mail server can be given.

    One that needs SMTPUTF8 (RFC 6531) is not: half of the servers on its way would refuse it.
    """
    local, at, domain = address.rpartition("@")
    labels = domain.split(".")
    _require(address.isascii(), "an e-mail address is in ASCII; a domain's name in its xn-- form")
    _require(len(address) <= LONGEST, f"an e-mail address has {LONGEST} characters at the most")
    _require(at == "@" and local != "", "an e-mail address is name@host, one and without a person's name")
    plain = len(local) <= LONGEST_LOCAL and _LOCAL.fullmatch(local) is not None
    _require(plain, "before the @ are letters, digits and . _ + - at the most 64, without quotes or spaces")
    named = len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels)
    _require(named and not labels[-1].isdigit(), "behind the @ is the full name of a host, not an address")


def _require(condition: bool, message: str) -> None:
    require(condition, "address-not-allowed", message)
