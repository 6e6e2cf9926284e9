"""The events of access: keys, clients that may come in, their secrets, and tokens."""

from __future__ import annotations

from typing import ClassVar

from shared.events.registry.terms import Amendment, Ending, Role
from shared.kernel.event import Event
from shared.kernel.times import Time


class SigningKeyPublished(Event):
    """Tokens signed with this Ed25519 key are good from now on. `x` is the public key, base64url.

    It signs from some seconds later on, when every service knows it.
    """

    type: ClassVar[str] = "signing-key-published"

    kid: str
    x: str


class SigningKeyRetired(Ending):
    """Every token that was signed with this key is over; none is good any more, whoever signs it."""

    type: ClassVar[str] = "signing-key-retired"

    kid: str


class ClientRegistered(Event):
    """A system or a person may ask for tokens. Its name and its secret's hash are sealed details.

    `scopes` are those of its role that it has; without it all of them. From `expires_at` on it gets no token.
    `unit` is whose system it is; with `volunteer`, that volunteer's of the unit.
    """

    type: ClassVar[str] = "client-registered"

    role: Role
    unit: str | None = None
    communities: tuple[str, ...]
    details: str
    scopes: tuple[str, ...] | None = None
    expires_at: Time | None = None
    volunteer: str | None = None


class ClientSecretRotated(Event):
    """A client has a new secret, whose hash is a sealed detail. Those before are good until `earlier_until`,
    or less where that was said of them already."""

    type: ClassVar[str] = "client-secret-rotated"

    details: str
    earlier_until: Time


class CommunitiesExtended(Amendment):
    """A client or a person is for more communities than before: these are all of them now."""

    type: ClassVar[str] = "communities-extended"

    communities: tuple[str, ...]


class ClientRevoked(Ending):
    """A client's tokens are refused everywhere from now on."""

    type: ClassVar[str] = "client-revoked"


class PersonAdmitted(Event):
    """A member of staff may sign in with the community's identity provider. By what the provider knows the
    person (an address or a subject) is a sealed detail. `scopes` and `expires_at` are as a client's."""

    type: ClassVar[str] = "person-admitted"

    role: Role
    communities: tuple[str, ...]
    details: str
    scopes: tuple[str, ...] | None = None
    expires_at: Time | None = None


class PersonDismissed(Ending):
    """A person may no longer sign in; its tokens, and its personal tokens', are refused everywhere."""

    type: ClassVar[str] = "person-dismissed"


class PersonSignedIn(Event):
    """The identity provider told that it is this person, who got an access token."""

    type: ClassVar[str] = "person-signed-in"

    subject: str


class AccessTokenRevoked(Event):
    """The access token with the id `jti` is refused everywhere from now on, until it expires by itself."""

    type: ClassVar[str] = "access-token-revoked"

    jti: str
    expires_at: Time


class PersonalTokenIssued(Event):
    """A script may ask for tokens in the name of `owner`, with some of its scopes, until `expires_at`.

    Its name and its hash are sealed details.
    """

    type: ClassVar[str] = "personal-token-issued"

    owner: str
    scopes: tuple[str, ...]
    expires_at: Time
    details: str


class PersonalTokenRevoked(Ending):
    """A personal token, and the access tokens that it got, are refused everywhere from now on."""

    type: ClassVar[str] = "personal-token-revoked"
