"""Who asks for tokens, and whether it is they: client ids and secrets held against what is on record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from services.registry.domain.credential import CREDENTIAL
from services.registry.domain.roles import own_scopes
from services.registry.secrets import matches, may_be_good
from services.registry.signing import Grant
from services.registry.uses import Uses
from shared.events.index import decode
from shared.events.registry import ClientRegistered, PersonAdmitted, PersonalTokenIssued
from shared.folds.credential import Credential
from shared.runtime.http.rate import FailureLimit
from shared.runtime.sealed import Erased, SealedDetails
from shared.runtime.store import EventStore

KINDS = ("client-", "token-")
KEPT = 5_000
LONGEST_ID = 120


class NotLetIn(Exception):
    """`reason` is a code for the log. `client` is who was said to ask, if there is such a one."""

    def __init__(self, reason: str, client: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.client = client


@dataclass(frozen=True, slots=True)
class Known:
    """A credential as it was at `version` of its stream, and the hash of each of its secrets, by digest."""

    version: int
    credential: Credential
    hashes: dict[str, str]


class Credentials:
    """Clients and personal tokens, kept in memory.

    Each look-up asks the store whether the stream has moved on since, which is one point look-up: so a
    revocation holds at once, whichever process recorded it.
    """

    def __init__(self, store: EventStore, sealed: SealedDetails) -> None:
        self._store = store
        self._sealed = sealed
        self._known: dict[str, Known] = {}

    async def find(self, id: str) -> Known | None:
        """The credential with this id, as it is now."""
        known = self._known.get(id)
        if known is not None and await self._store.by_version(id, known.version + 1) is None:
            return known
        stored = await self._store.stream(id)
        decoded = (decode(event.type, event.data) for event in stored)
        credential = CREDENTIAL.fold.over(event for event in decoded if event is not None)
        if credential.facts is None:
            return None
        known = Known(len(stored), credential, await self._hashes(credential))
        if len(self._known) >= KEPT:
            self._known.clear()
        self._known[id] = known
        return known

    async def _hashes(self, credential: Credential) -> dict[str, str]:
        found: dict[str, str] = {}
        for secret in credential.secrets:
            try:
                details = await self._sealed.read(secret.details)
            except Erased:
                continue
            found[secret.details] = str(details["secret_sha256"])
        return found


@dataclass(slots=True)
class Door:
    """Lets in who has a right to a token, and slows down who has failed too often.

    A client that got a token from an address lately is judged there by its own failures alone: those of
    others, elsewhere or at the same address, do not shut it out.
    """

    credentials: Credentials
    uses: Uses
    failures: FailureLimit
    _got_in: set[tuple[str, str]] = field(default_factory=set)

    async def let_in(self, id: str, secret: str, address: str, now: datetime) -> Grant:
        """What `id` has a right to. Raises NotLetIn, or Problem 429 after many failures."""
        both = f"client {id} at {address}"
        if (id, address) in self._got_in:
            self.failures.check(both)
        else:
            self.failures.check(f"client {id}", f"address {address}")
        try:
            grant = await self._grant(id, secret, now)
        except NotLetIn as refusal:
            mine = [f"client {id}", both] if refusal.client is not None else []
            self.failures.failed(f"address {address}", *mine)
            raise
        if len(self._got_in) >= KEPT:
            self._got_in.clear()
        self._got_in.add((id, address))
        await self.uses.note(id, now)
        return grant

    async def _grant(self, id: str, secret: str, now: datetime) -> Grant:
        if not may_be_good(secret):
            raise NotLetIn("secret-malformed")
        known = None
        if id.startswith(KINDS) and len(id) <= LONGEST_ID:
            known = await self.credentials.find(id)
        if known is None:
            raise NotLetIn("client-unknown")
        hashes = (known.hashes.get(one.details, "") for one in known.credential.live(now))
        if not matches(hashes, secret):
            raise NotLetIn("secret-wrong", id)
        match known.credential.facts:
            case ClientRegistered():
                return grant_of(id, known.credential, now)
            case PersonalTokenIssued(owner=owner):
                theirs = await self.credentials.find(owner)
                return _of_token(id, known.credential, theirs.credential if theirs else Credential(), now)
            case _:
                raise NotLetIn("client-unknown", id)


def grant_of(id: str, credential: Credential, now: datetime) -> Grant:
    """What a client or a person has a right to. Raises NotLetIn."""
    facts = credential.facts
    if credential.ended or not isinstance(facts, ClientRegistered | PersonAdmitted):
        raise NotLetIn("client-revoked", id)
    if facts.expires_at is not None and facts.expires_at <= now:
        raise NotLetIn("client-expired", id)
    scopes = own_scopes(facts.role, facts.scopes)
    unit, volunteer = None, None
    if isinstance(facts, ClientRegistered):
        unit, volunteer = facts.unit, facts.volunteer
    return Grant(id, id, facts.role, scopes, facts.communities, unit, facts.expires_at, volunteer)


def _of_token(id: str, token: Credential, owner: Credential, now: datetime) -> Grant:
    facts = token.facts
    if token.ended or not isinstance(facts, PersonalTokenIssued):
        raise NotLetIn("personal-token-revoked", id)
    if facts.expires_at <= now:
        raise NotLetIn("personal-token-expired", id)
    theirs = grant_of(facts.owner, owner, now)
    until = min(facts.expires_at, theirs.until or facts.expires_at)
    scopes = theirs.scopes & frozenset(facts.scopes)
    return Grant(theirs.subject, id, theirs.role, scopes, theirs.communities, theirs.unit, until)
