"""Sign-in of people with an external identity provider: OpenID Connect, authorization code with PKCE.

oauthlib makes and reads the messages (it sends nothing itself), joserfc checks the ID token, aiohttp carries
both. What must be remembered between the two halves is sealed into a cookie of the browser that began, so
that no other browser can end it, and no process has to be the same.
"""

from __future__ import annotations

import base64
import hmac
import time
from binascii import Error as NotBase64
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from cryptography.exceptions import InvalidTag
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry
from oauthlib.common import generate_token
from oauthlib.oauth2 import OAuth2Error, WebApplicationClient

from shared.kernel.canonical import Json, decode_object, encode
from shared.runtime.keyring import Box, KeyMissing, Keyring
from shared.runtime.settings import RegistrySettings

LONGEST_S = 600
TIMEOUT_S = 10.0
KEPT_S = 600.0
LEEWAY_S = 5
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
SCOPE: list[object] = ["openid", "email"]
_BOUND_TO = "sign-in"


class NotSignedIn(Exception):
    """A sign-in did not come to its end. `reason` is a code for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ProviderAway(Exception):
    """The identity provider does not answer, or not as one."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says it is. `email` only if the provider has verified it."""

    subject: str
    email: str | None


@dataclass(frozen=True, slots=True)
class Begun:
    """What is remembered of a sign-in that has begun."""

    state: str
    nonce: str
    verifier: str
    until: int


@dataclass(frozen=True, slots=True)
class _Known:
    """What the provider said of itself, and when it was asked (monotonic)."""

    document: dict[str, Json]
    keys: KeySet
    at: float


class SignIn:
    """The client of one identity provider. `address` is registry's own, as browsers know it."""

    def __init__(self, settings: RegistrySettings, keyring: Keyring, address: str) -> None:
        assert settings.oidc_issuer is not None
        assert settings.oidc_client_id is not None
        self._issuer = settings.oidc_issuer
        self._client = settings.oidc_client_id
        secret = settings.oidc_client_secret
        self._secret = secret.get_secret_value() if secret is not None else ""
        self._keyring = keyring
        self._redirect = f"{address}/oauth/callback"
        self._known: _Known | None = None

    async def begin(self) -> tuple[str, str]:
        """Where to send the browser, and the cookie for it. Raises ProviderAway."""
        known = await self._provider()
        client = WebApplicationClient(self._client)
        verifier = client.create_code_verifier(64)
        begun = Begun(generate_token(32), generate_token(32), verifier, int(time.time()) + LONGEST_S)
        url = client.prepare_request_uri(
            str(known.document["authorization_endpoint"]),
            redirect_uri=self._redirect,
            scope=SCOPE,
            state=begun.state,
            code_challenge=client.create_code_challenge(verifier, "S256"),
            code_challenge_method="S256",
            nonce=begun.nonce,
        )
        return str(url), self._to_cookie(begun)

    async def finish(self, query: str, cookie: str) -> Identity:
        """Who it is, by what the provider sent back. Raises NotSignedIn, ProviderAway."""
        begun = self._from_cookie(cookie)
        client = WebApplicationClient(self._client)
        try:
            said = client.parse_request_uri_response(f"{self._redirect}?{query}", state=begun.state)
        except OAuth2Error as error:
            denied = error.error == "access_denied"
            raise NotSignedIn("sign-in-denied" if denied else "sign-in-invalid") from None
        known = await self._provider()
        # RFC 9207: what another provider sent is not taken for this one's.
        if not hmac.compare_digest(str(said.get("iss", self._issuer)), self._issuer):
            raise NotSignedIn("sign-in-invalid")
        body = client.prepare_request_body(
            code=said["code"],
            redirect_uri=self._redirect,
            code_verifier=begun.verifier,
            include_client_id=False,
        )
        token = await self._exchange(str(known.document["token_endpoint"]), body)
        return verified(token, await self._keys(token), (self._issuer, self._client, begun.nonce))

    async def _exchange(self, endpoint: str, body: str) -> str:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": aiohttp.encode_basic_auth(self._client, self._secret),
        }
        answer = await _fetched("POST", endpoint, body.encode(), headers)
        if "id_token" not in answer:
            raise NotSignedIn("sign-in-invalid")
        return str(answer["id_token"])

    async def _provider(self, after: float = 0.0) -> _Known:
        """What the provider says of itself: asked again after ten minutes, or if it was before `after`."""
        known, now = self._known, time.monotonic()
        if known is not None and now - known.at < KEPT_S and known.at >= after:
            return known
        document = await _fetched("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if document.get("issuer") != self._issuer or not all(name in document for name in wanted):
            raise ProviderAway("it says that it is another")
        try:
            keys = KeySet.import_key_set(await _fetched("GET", str(document["jwks_uri"])))  # type: ignore[arg-type]
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderAway("its keys cannot be read") from error
        self._known = _Known(document, keys, now)
        return self._known

    async def _keys(self, token: str) -> KeySet:
        """The provider's keys; read again if `token` names one that is not among them."""
        known = await self._provider()
        try:
            kid = decode_object(_decoded(token.partition(".")[0])).get("kid")
        except ValueError:
            raise NotSignedIn("sign-in-invalid") from None
        if kid is not None and kid not in {key.kid for key in known.keys.keys}:
            known = await self._provider(after=time.monotonic() - 1.0)
        return known.keys

    def _to_cookie(self, begun: Begun) -> str:
        content: dict[str, Json] = {
            "state": begun.state,
            "nonce": begun.nonce,
            "verifier": begun.verifier,
            "until": begun.until,
        }
        box = self._keyring.seal(encode(content), _BOUND_TO)
        return f"{box.key}.{base64.urlsafe_b64encode(box.data).rstrip(b'=').decode()}"

    def _from_cookie(self, cookie: str) -> Begun:
        key, _, text = cookie.partition(".")
        try:
            said = decode_object(self._keyring.open(Box(key, _decoded(text)), _BOUND_TO))
        except (ValueError, KeyMissing, InvalidTag):
            raise NotSignedIn("sign-in-invalid") from None
        begun = Begun(str(said["state"]), str(said["nonce"]), str(said["verifier"]), int(str(said["until"])))
        if begun.until < time.time():
            raise NotSignedIn("sign-in-too-late")
        return begun


def verified(token: str, keys: KeySet, expected: tuple[str, str, str]) -> Identity:
    """Who an ID token is of, if it is the provider's, for this client and this sign-in (OpenID Connect Core,
    3.1.3.7). `expected` is issuer, client and nonce. Raises NotSignedIn."""
    issuer, client, nonce = expected
    registry = JWTClaimsRegistry(
        leeway=LEEWAY_S,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        registry.validate(claims)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise NotSignedIn("id-token-invalid") from None
    if claims.get("azp", client) != client or not isinstance(claims["sub"], str):
        raise NotSignedIn("id-token-invalid")
    email = claims.get("email") if claims.get("email_verified") is True else None
    return Identity(claims["sub"], email if isinstance(email, str) else None)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except (NotBase64, UnicodeError) as error:
        raise ValueError("no base64url") from error


async def _fetched(
    method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> dict[str, Json]:
    """The JSON object at `url`. Raises ProviderAway; what is an error of OAuth is an object too."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise ProviderAway("an address of it is none")
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(trust_env=False, timeout=timeout) as session,
            session.request(method, url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            return decode_object(await response.content.read(1024 * 1024))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise ProviderAway(type(error).__name__) from error
