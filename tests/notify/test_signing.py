"""Signatures are those of Standard Webhooks: its vectors, its own package, and node's Ed25519."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from services.notify.signing import key_of, new_secret, public_key, signatures
from shared.events.notify import Signature
from shared.runtime.settings import NotifySettings

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "standard-webhooks.json").read_text())
ID, BODY = "0192f5d0-7c20", '{"name":"邻里"}'.encode()

# The private key and what it signs, of the specification's own tests in Go.
ASYMMETRIC = {
    "secret": "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=",
    "id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "timestamp": 1614265330,
    "body": '{"test": 2432232314}',
    "signature": "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag"
    "==",
}

VERIFY_IN_NODE = """
const crypto = require("node:crypto");
const [key, id, timestamp, body, header] = process.argv.slice(1);
const x = Buffer.from(key.slice("whpk_".length), "base64").toString("base64url");
const known = crypto.createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
const signed = Buffer.from(`${id}.${timestamp}.${body}`);
const good = header.split(" ").map((each) => each.split(",")).some(([version, value]) =>
  version === "v1a" && crypto.verify(null, signed, known, Buffer.from(value, "base64")));
process.stdout.write(good ? "good" : "bad");
"""


def _signed(vector: dict[str, str]) -> str:
    return signatures([vector["secret"]], vector["id"], int(vector["timestamp"]), vector["body"].encode())


def _sent(*secrets: str, body: bytes = BODY) -> dict[str, str]:
    now = int(time.time())
    value = signatures(secrets, ID, now, body)
    return {"webhook-id": ID, "webhook-timestamp": str(now), "webhook-signature": value}


def _verified(public: str, signature: str, signed: bytes) -> bool:
    """Whether a receiver that has `public` alone accepts a `v1a` signature of `signed`."""
    version, _, value = signature.partition(",")
    assert version == "v1a"
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_"), validate=True))
    try:
        key.verify(base64.b64decode(value, validate=True), signed)
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize(
    "vector", [*VECTORS["valid"], ASYMMETRIC], ids=lambda vector: vector["signature"][:7]
)
def test_a_valid_vector_is_signed_as_it_says(vector: dict[str, str]) -> None:
    assert _signed(vector) == vector["signature"]


@pytest.mark.parametrize("vector", VECTORS["invalid"], ids=lambda vector: vector["id"])
def test_an_invalid_vector_is_signed_otherwise(vector: dict[str, str]) -> None:
    assert _signed(vector) != vector["signature"]


def test_the_official_package_accepts_what_is_sent() -> None:
    secret = new_secret()
    sent = _sent(secret)
    assert sorted(sent) == sorted(VECTORS["headers"])
    assert Webhook(secret).verify(BODY, sent) == {"name": "邻里"}


def test_the_official_package_refuses_another_body_and_another_secret() -> None:
    secret = new_secret()
    sent = _sent(secret)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(b'{"n":2}', sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, sent)


def test_while_secrets_rotate_a_receiver_with_any_of_them_accepts_and_afterwards_only_with_the_new() -> None:
    old, new, newest = new_secret(), new_secret("v1a"), new_secret()
    rotating, rotated = _sent(newest, new, old), _sent(newest)
    kinds = [each.split(",")[0] for each in rotating["webhook-signature"].split(" ")]
    assert kinds == ["v1", "v1a", "v1"]
    for secret in (old, newest):
        assert Webhook(secret).verify(BODY, rotating) == {"name": "邻里"}
    assert Webhook(newest).verify(BODY, rotated) == {"name": "邻里"}
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(BODY, rotated)


def test_the_newest_secret_signs_first() -> None:
    old, new = new_secret(), new_secret()
    assert signatures([new, old], ID, 1, BODY) == " ".join(
        signatures([secret], ID, 1, BODY) for secret in (new, old)
    )


def test_ed25519_is_verified_with_the_public_key_alone() -> None:
    secret = new_secret("v1a")
    public, signature = public_key(secret), signatures([secret], ID, 7, BODY)
    assert public.startswith("whpk_")
    assert _verified(public, signature, b"%b.7.%b" % (ID.encode(), BODY))
    assert not _verified(public, signature, b"%b.8.%b" % (ID.encode(), BODY))
    assert not _verified(public_key(new_secret("v1a")), signature, b"%b.7.%b" % (ID.encode(), BODY))


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_node_verifies_ed25519_with_its_standard_library() -> None:
    old, new = new_secret(), new_secret("v1a")
    header = signatures([new, old], ID, 7, BODY)

    def verdict(body: str) -> str:
        command = ["node", "-e", VERIFY_IN_NODE, public_key(new), ID, "7", body, header]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout

    assert verdict(BODY.decode()) == "good"
    assert verdict("{}") == "bad"


@pytest.mark.parametrize(("signature", "prefix"), [("v1", "whsec_"), ("v1a", "whsk_")])
def test_a_new_secret_says_what_it_signs_and_is_always_another(signature: Signature, prefix: str) -> None:
    secret = new_secret(signature)
    assert secret.startswith(prefix)
    assert len(base64.b64decode(secret.removeprefix(prefix), validate=True)) == 32
    assert new_secret(signature) != secret


@pytest.mark.parametrize("size", [24, 64])
def test_a_secret_stands_for_its_bytes_and_never_for_its_own_text(size: int) -> None:
    assert key_of("whsec_" + base64.b64encode(bytes(size)).decode()) == bytes(size)
    with pytest.raises(ValueError, match="begins with whsec_"):
        key_of(new_secret().removeprefix("whsec_"))


@pytest.mark.parametrize(
    ("secret", "fault"),
    [
        ("whsec_not base64", "base64"),
        ("whsec_" + base64.b64encode(bytes(23)).decode(), "24 to 64"),
        ("whsec_" + base64.b64encode(bytes(65)).decode(), "24 to 64"),
        ("whsk_" + base64.b64encode(bytes(64)).decode(), "32 bytes"),
        ("whpk_" + base64.b64encode(bytes(32)).decode(), "begins with"),
        ("", "begins with"),
    ],
)
def test_what_is_no_secret_signs_nothing(secret: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        signatures([secret], ID, 1, BODY)


def test_nothing_is_sent_unsigned() -> None:
    with pytest.raises(ValueError, match="at least"):
        signatures([], ID, 1, BODY)


def test_only_a_private_key_has_a_public_one() -> None:
    with pytest.raises(ValueError, match="begins with whsk_"):
        public_key(new_secret())


def test_a_signature_costs_less_than_20_microseconds() -> None:
    secret, body, rounds = new_secret(), bytes(1024), 500

    def round_us() -> float:
        begun = time.perf_counter()
        for _ in range(rounds):
            signatures([secret], ID, 1764000000, body)
        return (time.perf_counter() - begun) / rounds * 1e6

    assert min(round_us() for _ in range(5)) < 20


def test_the_schedule_is_the_specifications_own() -> None:
    seconds = {"s": 1, "m": 60, "h": 3600}
    steps = [float(step[:-1]) * seconds[step[-1]] for step in VECTORS["retry_schedule"][1:]]
    assert NotifySettings.model_fields["retry_schedule"].default == steps
