"""What gets access tokens: a client with its secrets, a personal token, a person who signs in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from shared.events.registry import (
    ClientRegistered,
    ClientSecretRotated,
    CommunitiesExtended,
    Ending,
    PersonAdmitted,
    PersonalTokenIssued,
)
from shared.kernel.decider import Fold
from shared.kernel.event import Event


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret: the digest of the sealed detail that has its hash. Good before `until`, if there is one."""

    details: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """A client, a personal token or a person, who has no secret here.

    `facts` is the event that put it on record; `secrets` the newest first.
    """

    facts: Event | None = None
    ended: bool = False
    secrets: tuple[Secret, ...] = ()

    def live(self, now: datetime) -> tuple[Secret, ...]:
        """The secrets that are good at `now`, the newest first."""
        return tuple(secret for secret in self.secrets if secret.until is None or now < secret.until)


def evolve(credential: Credential, event: Event) -> Credential:
    """The credential after `event`."""
    match event:
        case ClientRegistered(details=details) | PersonalTokenIssued(details=details):
            if credential.facts is not None:
                return credential
            return replace(credential, facts=event, secrets=(Secret(details),))
        case PersonAdmitted():
            return credential if credential.facts is not None else replace(credential, facts=event)
        case ClientSecretRotated(details=details, earlier_until=until):
            earlier = (replace(one, until=min(one.until or until, until)) for one in credential.secrets)
            return replace(credential, secrets=(Secret(details), *earlier))
        case CommunitiesExtended(communities=communities):
            facts = credential.facts
            known = isinstance(facts, ClientRegistered | PersonAdmitted)
            extended = facts.model_copy(update={"communities": communities}) if known and facts else facts
            return replace(credential, facts=extended)
        case Ending():
            return replace(credential, ended=True)
        case _:
            return credential


FOLD: Fold[Credential, Event] = Fold(Credential(), evolve)
