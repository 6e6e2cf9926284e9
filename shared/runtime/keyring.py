"""The key file of a service: symmetric keys for what it keeps sealed, outside its database.

A JSON object `{"current": id, "keys": {id: base64 of 32 bytes}, …}`, mode 0600. Encrypting uses the
current key; a key stays in the file for as long as something is sealed with it.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class KeyMissing(Exception):
    """Something was sealed with a key that the key file does not hold."""


@dataclass(frozen=True, slots=True)
class Box:
    """A ciphertext (AES-256-GCM, the nonce before it) and the id of its key."""

    key: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of one service."""

    current: str
    keys: dict[str, bytes]
    extra: dict[str, str]
    """Other secrets of the service, such as its signing key."""

    def seal(self, plain: bytes, bound_to: str) -> Box:
        """Encrypt `plain`; it opens only for the same `bound_to`."""
        nonce = os.urandom(NONCE_BYTES)
        cipher = AESGCM(self.keys[self.current])
        return Box(self.current, nonce + cipher.encrypt(nonce, plain, bound_to.encode()))

    def open(self, box: Box, bound_to: str) -> bytes:
        """Decrypt. Raises KeyMissing, or InvalidTag if it was altered or is bound to something else."""
        if box.key not in self.keys:
            raise KeyMissing(box.key)
        data = bytes(box.data)
        return AESGCM(self.keys[box.key]).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], bound_to.encode())

    def mac(self, *parts: bytes) -> str:
        """HMAC-SHA256 in hex, by the oldest key, over `parts` with their lengths."""
        key = self.keys[min(self.keys)]
        framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        return hmac.new(key, framed, hashlib.sha256).hexdigest()


def load_keyring(path: Path, extra: tuple[str, ...] = ()) -> Keyring:
    """Read the key file, making it, or the secrets named in `extra`, if they are not there.

    Of processes that start at once, one makes what is missing and all read the same.
    """
    content = json.loads(path.read_text()) if path.exists() else {}
    if not {"keys", *extra} <= content.keys():
        content = _completed(path, extra)
    return Keyring(
        current=content["current"],
        keys={name: base64.b64decode(value) for name, value in content["keys"].items()},
        extra={name: content[name] for name in extra},
    )


def _random() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _completed(path: Path, extra: tuple[str, ...]) -> dict[str, Any]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _held(path.parent):
        if not path.exists():
            _replace(path, {"current": "key-0001", "keys": {"key-0001": _random()}})
        content: dict[str, Any] = json.loads(path.read_text())
        missing = [name for name in extra if name not in content]
        if missing:
            content.update({name: _random() for name in missing})
            _replace(path, content)
        return content


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keep others who do the same out of `folder` meanwhile; a process that dies lets go of it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, content: dict[str, object]) -> None:
    """Write the whole file anew; a reader, or a crash, meets the old one or the new one."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
