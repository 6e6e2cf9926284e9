"""Signatures are those of Standard Webhooks: its vectors, and its own package."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from services.notify.signing import headers, key_of, new_secret, sign
from shared.runtime.settings import NotifySettings

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "standard-webhooks.json").read_text())


def _signed(vector: dict[str, str]) -> str:
    body = vector["body"].encode()
    return sign(key_of(vector["secret"]), vector["id"], int(vector["timestamp"]), body)


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: vector["id"])
def test_a_valid_vector_is_signed_as_it_says(vector: dict[str, str]) -> None:
    assert _signed(vector) == vector["signature"]


@pytest.mark.parametrize("vector", VECTORS["invalid"], ids=lambda vector: vector["id"])
def test_an_invalid_vector_is_signed_otherwise(vector: dict[str, str]) -> None:
    assert _signed(vector) != vector["signature"]


def test_the_official_package_accepts_what_is_sent() -> None:
    secret, body = new_secret(), '{"name":"邻里"}'.encode()
    sent = headers(key_of(secret), "0192f5d0-7c20", int(time.time()), body)
    assert sorted(sent) == sorted(VECTORS["headers"])
    assert Webhook(secret).verify(body, sent) == {"name": "邻里"}


def test_the_official_package_refuses_another_body_and_another_secret() -> None:
    secret, body = new_secret(), b'{"n":1}'
    sent = headers(key_of(secret), "0192f5d0-7c20", int(time.time()), body)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(b'{"n":2}', sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, sent)


def test_a_secret_stands_for_32_bytes_and_never_for_its_own_text() -> None:
    secret = new_secret()
    assert len(key_of(secret)) == 32
    with pytest.raises(ValueError, match="begins with whsec_"):
        key_of(secret.removeprefix("whsec_"))
    with pytest.raises(ValueError, match="base64"):
        key_of("whsec_not base64")


def test_the_schedule_is_the_specifications_own() -> None:
    seconds = {"s": 1, "m": 60, "h": 3600}
    steps = [float(step[:-1]) * seconds[step[-1]] for step in VECTORS["retry_schedule"][1:]]
    assert NotifySettings.model_fields["retry_schedule"].default == steps
