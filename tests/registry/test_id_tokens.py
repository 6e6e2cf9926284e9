"""An ID token says who signed in only if it is the provider's, for this client and this sign-in, for now."""

from __future__ import annotations

import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey

from services.registry.sign_in import Identity, NotSignedIn, verified

KEY = ECKey.generate_key("P-256", {"kid": "theirs"}, private=True)
KEYS = KeySet([KEY])
EXPECTED = ("https://provider.example", "linli", "the-nonce")


def id_token(key: ECKey | OctKey = KEY, alg: str = "ES256", **changes: object) -> str:
    now = int(time.time())
    claims = {
        "iss": EXPECTED[0],
        "aud": "linli",
        "nonce": "the-nonce",
        "sub": "subject-1",
        "iat": now,
        "exp": now + 60,
        "email": "mei@provider.example",
        "email_verified": True,
        **changes,
    }
    said = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": alg, "kid": "theirs"}, said, key, algorithms=[alg])


def test_an_id_token_that_is_right_says_who_it_is() -> None:
    assert verified(id_token(), KEYS, EXPECTED) == Identity("subject-1", "mei@provider.example")
    assert verified(id_token(email_verified=False), KEYS, EXPECTED) == Identity("subject-1", None)
    assert verified(id_token(email_verified="true"), KEYS, EXPECTED) == Identity("subject-1", None)
    assert verified(id_token(aud=["linli"], azp="linli"), KEYS, EXPECTED).subject == "subject-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another"},
        {"aud": ["linli", "another"], "azp": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"sub": 7},
        {"key": ECKey.generate_key("P-256", {"kid": "theirs"}, private=True)},
        {"key": OctKey.import_key(str(KEY.as_dict(private=False)["x"])), "alg": "HS256"},
    ],
    ids=lambda wrong: "-".join(sorted(wrong)),
)
def test_an_id_token_that_is_wrong_says_nothing(changes: dict[str, Any]) -> None:
    with pytest.raises(NotSignedIn) as refused:
        verified(id_token(**changes), KEYS, EXPECTED)
    assert refused.value.reason == "id-token-invalid"
