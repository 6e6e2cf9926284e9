"""The keys of a service for what it keeps sealed, read from its key file and again whenever that changes.

Encrypting uses the current key; a key stays for as long as something is sealed with it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.runtime.keyfile import Content, Stamp, complete_key_file, read_key_file, stamp_of

NONCE_BYTES = 12
TERM_BYTES = 16
_FOR_TERMS = b"linli search terms 1"

log = structlog.get_logger()


class KeyMissing(Exception):
    """Something was sealed with a key that the key file does not hold."""


@dataclass(frozen=True, slots=True)
class Box:
    """A ciphertext (AES-256-GCM, the nonce before it) and the id of its key."""

    key: str
    data: bytes


@dataclass(slots=True)
class Keyring:
    """The keys of one service, as of the last look into `path`; without a path they never change."""

    current: str
    keys: dict[str, bytes]
    extra: dict[str, str]
    """Other secrets of the service, such as its signing key."""
    mac_key: bytes | None = None
    leaving: frozenset[str] = frozenset()
    """Keys that nothing may be sealed with any more."""
    path: Path | None = field(default=None, compare=False)
    _stamp: Stamp | None = field(default=None, compare=False)
    _looked: float = field(default=0.0, compare=False)
    _term_keys: dict[str, bytes] = field(default_factory=dict, compare=False)
    _ciphers: dict[str, AESGCM] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        self._derive()

    def refresh(self, older_than: float = 0.0) -> None:
        """Read the key file again if it is another than before and the last look is `older_than` seconds old.

        A file that cannot be read just now changes nothing: what was read before stays good.
        """
        now = monotonic()
        if self.path is None or now - self._looked < older_than:
            return
        self._looked = now
        try:
            stamp = stamp_of(self.path)
            if stamp == self._stamp:
                return
            content = read_key_file(self.path)
            self._take(content)
            self._stamp = stamp
        except (OSError, ValueError, KeyError) as error:
            log.error("key-file-unreadable", error=type(error).__name__)

    def _take(self, content: Content) -> None:
        keys = {name: base64.b64decode(value) for name, value in content["keys"].items()}
        if content["current"] not in keys:
            raise ValueError("the current key is missing")
        self.current, self.keys = content["current"], keys
        self.leaving = frozenset(content.get("leaving", ()))
        self.mac_key = base64.b64decode(content["mac"]) if "mac" in content else None
        self._derive()

    def _derive(self) -> None:
        self._term_keys = {name: hmac.digest(key, _FOR_TERMS, "sha256") for name, key in self.keys.items()}
        self._ciphers = {name: AESGCM(key) for name, key in self.keys.items()}

    def seal(self, plain: bytes, bound_to: str) -> Box:
        """Encrypt `plain`; it opens only for the same `bound_to`."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self.current].encrypt(nonce, plain, bound_to.encode())
        return Box(self.current, nonce + sealed)

    def open(self, box: Box, bound_to: str) -> bytes:
        """Decrypt. Raises KeyMissing, or InvalidTag if it was altered or is bound to something else."""
        if box.key not in self.keys:
            self.refresh()
        if box.key not in self.keys:
            raise KeyMissing(box.key)
        data = bytes(box.data)
        return self._ciphers[box.key].decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], bound_to.encode())

    def may_seal(self, key: str) -> bool:
        """Whether what is sealed with `key` can be opened for as long as anybody wants."""
        return key in self.keys and key not in self.leaving

    def term(self, key: str, *parts: bytes) -> bytes:
        """A search term: 16 bytes of HMAC-SHA256 over `parts` with their lengths, by a key for terms alone
        that is derived from `key` (as HKDF-Expand does), and goes when that goes."""
        return hmac.digest(self._term_keys[key], _framed(parts), "sha256")[:TERM_BYTES]

    def mac(self, *parts: bytes) -> str:
        """HMAC-SHA256 in hex over `parts` with their lengths, by a key that no rotation changes."""
        key = self.mac_key or self.keys[min(self.keys)]
        return hmac.new(key, _framed(parts), hashlib.sha256).hexdigest()


def load_keyring(path: Path, extra: tuple[str, ...] = ()) -> Keyring:
    """Read the key file, making it, or the secrets named in `extra`, if they are not there.

    Of processes that start at once, one makes what is missing and all read the same.
    """
    content = read_key_file(path) if path.exists() else {}
    if not {"keys", *extra} <= content.keys():
        content = complete_key_file(path, extra)
    keyring = Keyring(content["current"], {}, {name: content[name] for name in extra}, path=path)
    keyring._take(content)
    return keyring


def _framed(parts: tuple[bytes, ...]) -> bytes:
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)
