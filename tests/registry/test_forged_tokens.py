"""No service takes a token that registry did not sign, for it, for now."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest

from deploy.stack import Stack
from tests.support.client import Client
from tests.support.community import SERVICES, Community
from tests.support.forging import Forger, base64url, forger, seconds, stranger

Forgery = Callable[[Forger], str]


def tampered(token: str, **claims: object) -> str:
    """`token` saying something else under the same signature."""
    head, payload, signature = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return f"{head}.{base64url(json.dumps({**said, **claims}).encode())}.{signature}"


def flipped(token: str) -> str:
    head, payload, signature = token.split(".")
    return f"{head}.{payload}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


INVALID: dict[str, Forgery] = {
    "alg-none": lambda f: f.unsigned(alg="none"),
    "alg-none-in-capitals": lambda f: f.unsigned(alg="NONE"),
    "alg-none-with-a-signature": lambda f: f.unsigned(b"x" * 64, alg="none"),
    "no-alg": lambda f: f.unsigned(b"x" * 64, alg=None),
    "no-signature": lambda f: f.unsigned(),
    "other-algorithm": lambda f: f.unsigned(b"x" * 64, alg="ES256"),
    "issuer": lambda f: f.signed(iss="https://elsewhere.example"),
    "issuer-as-it-was": lambda f: f.signed(iss="linli"),
    "no-issuer": lambda f: f.signed(iss=None),
    "audience": lambda f: f.signed(aud="https://elsewhere.example"),
    "audiences": lambda f: f.signed(aud=["linli"]),
    "no-audience": lambda f: f.signed(aud=None),
    "unknown-key": lambda f: f.signer.sign(f.claims(), kid="0123456789abcdef"),
    "no-key-named": lambda f: f.signer.sign(f.claims(), kid=""),
    "key-of-another-type": lambda f: f.unsigned(b"x" * 64, kid={"$ne": None}),
    "another-key-under-our-name": lambda f: stranger(f.signer.kid).sign(f.claims()),
    "with-its-own-key": lambda f: _with_own_key(f),
    "with-the-address-of-a-key": lambda f: f.unsigned(b"x" * 64, jku="https://elsewhere.example/jwks"),
    "not-an-access-token": lambda f: f.signer.sign(f.claims(), typ="JWT"),
    "tampered-scope": lambda f: tampered(f.signed(), scope="registry:admin"),
    "tampered-expiry": lambda f: tampered(f.signed(exp=seconds(-60)), exp=seconds(600)),
    "tampered-signature": lambda f: flipped(f.signed()),
    "no-expiry": lambda f: f.signed(exp=None),
    "expiry-as-text": lambda f: f.signed(exp=str(seconds(600))),
    "expiry-true": lambda f: f.signed(exp=True),
    "expiry-infinite": lambda f: f.signed(exp=1e300),
    "no-beginning": lambda f: f.signed(nbf=None),
    "no-id": lambda f: f.signed(jti=None),
    "no-client": lambda f: f.signed(client_id=None),
    "subject-no-text": lambda f: f.signed(sub={"$ne": 1}),
    "communities-no-list": lambda f: f.signed(communities="shaba"),
    "nothing-said": lambda f: f.signer.sign({}),
    "deep-header": lambda f: base64url(b'{"alg":' + b"[" * 20_000) + ".e30.eA",
    "deep-payload": lambda f: base64url(b"{}") + "." + base64url(b"[" * 20_000) + ".eA",
    "two-parts": lambda f: f.signed().rpartition(".")[0],
    "five-parts": lambda f: f.signed() + ".x.y",
}


def _with_own_key(f: Forger) -> str:
    own = stranger("own")
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": own.x}
    return own.sign(f.claims(), jwk=jwk, kid=f.signer.kid)


async def assert_refused(shaba: Community, token: str, code: str) -> None:
    for service in SERVICES:
        reply = await Client(shaba.stack.services[service], shaba.session, token).get("/v1/events")
        assert (reply.status, reply.body["code"]) == (401, code), (service, reply.body)
        assert reply.headers["www-authenticate"].startswith('Bearer error="invalid_token"')


@pytest.fixture
def forged(running_stack: Stack, shaba: Community) -> Forger:
    return forger(running_stack, shaba.stack.services["registry"])


async def test_the_forgers_own_good_token_is_taken(shaba: Community, forged: Forger) -> None:
    """So that each refusal below is for the one thing that is wrong."""
    for service in SERVICES:
        reply = await Client(shaba.stack.services[service], shaba.session, forged.signed()).get("/v1/events")
        assert reply.status == 200, reply.body


@pytest.mark.parametrize("name", INVALID)
async def test_a_forged_token_is_refused(shaba: Community, forged: Forger, name: str) -> None:
    await assert_refused(shaba, INVALID[name](forged), "token-invalid")


@pytest.mark.parametrize("form", ["raw", "text", "pem", "jwk"])
async def test_the_public_key_is_no_secret_to_sign_with(shaba: Community, forged: Forger, form: str) -> None:
    await assert_refused(shaba, forged.by_public_key(forged.public_forms()[form]), "token-invalid")


async def test_a_token_is_good_in_its_own_time_only(shaba: Community, forged: Forger) -> None:
    await assert_refused(shaba, forged.signed(exp=seconds(-10)), "token-expired")
    await assert_refused(shaba, forged.signed(nbf=seconds(30)), "token-not-yet-valid")
    await assert_refused(shaba, forged.signed(iat=seconds(30)), "token-not-yet-valid")


async def test_a_role_or_scope_that_is_said_twice_gives_no_more(shaba: Community, forged: Forger) -> None:
    token = forged.signed(scope="registry:read registry:read")
    reply = await Client(shaba.stack.services["registry"], shaba.session, token).get("/v1/events")
    assert (reply.status, reply.body["code"]) == (403, "insufficient-scope")
