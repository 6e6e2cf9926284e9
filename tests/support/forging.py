"""Access tokens that nobody was given: made with the right key, a wrong one, or none."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import OKPKey

from deploy.stack import Stack
from services.registry.signing import SIGNING, Signer, signers_of
from shared.runtime.keyfile import read_key_file


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def seconds(offset: int = 0) -> int:
    """So many seconds from now, as claims say it."""
    return int(time.time()) + offset


@dataclass(frozen=True)
class Forger:
    """`signer` is the installation's own key, read from where registry keeps it."""

    signer: Signer
    issuer: str

    def claims(self, **changes: object) -> dict[str, object]:
        """What a good token of an administrator says, with `changes`; None leaves a claim out."""
        said: dict[str, object] = {
            "iss": self.issuer,
            "aud": "linli",
            "sub": "client-forged",
            "client_id": "client-forged",
            "iat": seconds(),
            "nbf": seconds(),
            "exp": seconds(600),
            "jti": "forged",
            "role": "admin",
            "scope": "events:read registry:read audit:read",
            "communities": ["shaba"],
        }
        return {name: value for name, value in {**said, **changes}.items() if value is not None}

    def signed(self, **changes: object) -> str:
        """A token with the true signature over whatever it says."""
        return self.signer.sign(self.claims(**changes))

    def header(self, **changes: object) -> dict[str, object]:
        """The header of a good token, with `changes`."""
        return {"alg": "EdDSA", "typ": "at+jwt", "kid": self.signer.kid, **changes}

    def unsigned(self, signature: bytes = b"", **changes: object) -> str:
        """A token with a header of one's own and whatever for a signature."""
        parts = (json.dumps(self.header(**changes)).encode(), json.dumps(self.claims()).encode(), signature)
        return ".".join(base64url(part) for part in parts)

    def by_public_key(self, key: bytes) -> str:
        """An HS256 token whose secret is what everybody knows: some form of the public key."""
        head = json.dumps(self.header(alg="HS256")).encode()
        signing_input = f"{base64url(head)}.{base64url(json.dumps(self.claims()).encode())}"
        return f"{signing_input}.{base64url(hmac.digest(key, signing_input.encode(), hashlib.sha256))}"

    def public_forms(self) -> Mapping[str, bytes]:
        """The public key as those write it who take it for a secret."""
        key = self.signer.key.public_key
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": self.signer.x, "kid": self.signer.kid}
        return {
            "raw": key.public_bytes(Encoding.Raw, PublicFormat.Raw),
            "text": self.signer.x.encode(),
            "pem": key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "jwk": json.dumps(jwk).encode(),
        }


def forger(stack: Stack, issuer: str) -> Forger:
    """A forger who has got at the key file of a running stack."""
    content = read_key_file(stack.folder.sub("keys") / "registry.json")
    return Forger(list(signers_of(content[SIGNING]).values())[-1], issuer)


def stranger(kid: str) -> Signer:
    """Somebody else's key, under the name of ours."""
    key = OKPKey.generate_key("Ed25519", {"kid": kid}, private=True)
    return Signer(key, kid, str(key.as_dict(private=False)["x"]))
