"""Clients, personal tokens and persons: put on record, given new secrets with an overlap, and ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.events.registry import (
    ClientRegistered,
    ClientSecretRotated,
    CommunitiesExtended,
    Ending,
    PersonAdmitted,
    PersonalTokenIssued,
)
from shared.folds.credential import FOLD, Credential
from shared.kernel.decider import NOT_FOUND, Decider, require
from shared.kernel.event import Event

SECRETS = 5
"""Secrets that a client can have at one time."""
REVOKED = "this was revoked, so that no secret makes it good; register another"
LONGEST = timedelta(days=366)
"""How long a personal token can be good."""


Facts = ClientRegistered | PersonalTokenIssued | PersonAdmitted


@dataclass(frozen=True, slots=True)
class Register:
    """Put a client, a personal token or a person on record."""

    facts: Facts
    now: datetime


@dataclass(frozen=True, slots=True)
class Rotate:
    """Give a client a new secret, whose hash is in the sealed detail `details`."""

    details: str
    overlap: timedelta
    now: datetime


@dataclass(frozen=True, slots=True)
class Extend:
    """A client or a person founded `community`, and is for it too."""

    community: str


@dataclass(frozen=True, slots=True)
class End:
    """Revoke: `event` says what."""

    event: Ending


Command = Register | Rotate | Extend | End


def decide(command: Command, credential: Credential) -> Sequence[Event]:
    """The events of `command`.

    Raises Refused: already-registered, expiry-passed, expiry-too-far, not-found, record-ended,
    too-many-secrets.
    """
    match command:
        case Register(facts, now):
            message = "something else is on record under this id; look at it, or send this again"
            require(credential.facts is None, "already-registered", message)
            _require_expiry(facts, now)
            return [facts]
        case Rotate(details, overlap, now):
            client = _registered(credential)
            require(not credential.ended, "record-ended", REVOKED)
            message = "it has too many secrets; wait until the earlier are over, or rotate without an overlap"
            few = len(credential.live(now)) < SECRETS or not overlap
            require(few, "too-many-secrets", message)
            until = now + overlap
            return [ClientSecretRotated(community=client.community, details=details, earlier_until=until)]
        case Extend(community):
            return _extend(community, credential)
        case End(event):
            _registered(credential)
            return [] if credential.ended else [event]


def _extend(community: str, credential: Credential) -> Sequence[Event]:
    facts = _registered(credential)
    require(not credential.ended, "record-ended", REVOKED)
    assert isinstance(facts, ClientRegistered | PersonAdmitted)
    if community in facts.communities:
        return []
    communities = tuple(sorted({*facts.communities, community}))
    return [CommunitiesExtended(community=facts.community, communities=communities)]


def _require_expiry(facts: Facts, now: datetime) -> None:
    if facts.expires_at is None:
        return
    message = "expires_at is not in the future; send a later time"
    require(facts.expires_at > now, "expiry-passed", message)
    if isinstance(facts, PersonalTokenIssued):
        message = "expires_at is more than a year from now; send an earlier time"
        require(facts.expires_at <= now + LONGEST, "expiry-too-far", message)


def _registered(credential: Credential) -> Event:
    require(credential.facts is not None, "not-found", NOT_FOUND)
    assert credential.facts is not None
    return credential.facts


CREDENTIAL: Decider[Command, Credential, Event] = Decider(decide, FOLD)
