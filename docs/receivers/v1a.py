import base64
import re
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def verified(public_key, headers, body):
    """Whether whoever holds the other half of `public_key` signed `body` less than five minutes ago."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
    id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not re.fullmatch("[0-9]{1,12}", timestamp) or abs(int(time.time()) - int(timestamp)) > 300:
        return False
    for given in headers.get("webhook-signature", "").split(" "):
        version, _, signature = given.partition(",")
        try:
            if version == "v1a":
                key.verify(base64.b64decode(signature), f"{id}.{timestamp}.".encode() + body)
                return True
        except (InvalidSignature, ValueError):
            continue
    return False
