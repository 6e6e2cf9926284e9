"""The key file of a service, as a file: made once, and changed whole, by one process at a time.

A JSON object `{"current": id, "keys": {id: base64 of 32 bytes}, "leaving": [id …], "mac": base64 of 32
bytes, …}`, mode 0600. All processes of a service read the same file. A change of keys is two steps, since
others go on with what they have read until they look again: a new key becomes current, and the old one stays;
later the old one is `leaving`, which no writer may use any more, and then it is gone.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Content = dict[str, Any]
Stamp = tuple[int, int, int]


class RotationUnderWay(Exception):
    """There are two keys already: the older one has to be dropped before a third is made."""


class KeyInUse(Exception):
    """The key is the current one, or something is still sealed with it."""


class UnknownKey(Exception):
    """The key file has no key with this id."""


def read_key_file(path: Path) -> Content:
    """What the file says now. Raises OSError or ValueError."""
    content: Content = json.loads(path.read_text())
    return content


def stamp_of(path: Path) -> Stamp:
    """What tells one version of the file from another: each is a file of its own. Raises OSError."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def complete_key_file(path: Path, extra: tuple[str, ...]) -> Content:
    """Make the file if it is not there, and the secrets named in `extra` if it has them not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _held(path.parent):
        if not path.exists():
            _replace(path, {"current": "key-0001", "keys": {"key-0001": _random()}, "mac": _random()})
        content = read_key_file(path)
        missing = [name for name in extra if name not in content]
        if missing:
            content.update({name: _random() for name in missing})
            _replace(path, content)
        return content


def add_key(path: Path) -> str:
    """A new key, the current one from now on; its id. Raises RotationUnderWay, OSError."""
    with _held(path.parent):
        content = read_key_file(path)
        if len(content["keys"]) > 1:
            raise RotationUnderWay
        id = f"key-{int(max(content['keys']).removeprefix('key-')) + 1:04}"
        _replace(path, {**content, "current": id, "keys": {**content["keys"], id: _random()}})
    return id


def mark_leaving(path: Path, key: str) -> None:
    """Let nobody use `key` any more. Raises KeyInUse for the current one, UnknownKey, OSError."""

    def marked(content: Content) -> Content:
        if key not in content["keys"]:
            raise UnknownKey
        if key == content["current"]:
            raise KeyInUse
        return {**content, "leaving": sorted({*content.get("leaving", []), key})}

    _change(path, marked)


def keep_key(path: Path, key: str) -> None:
    """Take the mark away again: something is sealed with it. Raises OSError."""
    _change(path, lambda content: {**content, "leaving": [id for id in content["leaving"] if id != key]})


def remove_key(path: Path, key: str) -> None:
    """Take a key that is leaving out of the file, for ever. Raises KeyInUse if it is not leaving, OSError."""

    def without(content: Content) -> Content:
        if key not in content.get("leaving", []):
            raise KeyInUse
        keys = {id: value for id, value in content["keys"].items() if id != key}
        leaving = [id for id in content["leaving"] if id != key]
        # Older files have no key for macs and use their oldest: what is repeated across this is refused.
        return {**content, "keys": keys, "leaving": leaving, "mac": content.get("mac") or _random()}

    _change(path, without)


def change_extra(path: Path, name: str, change: Callable[[str], str]) -> str:
    """Replace another secret of the service by what `change` makes of it; the new one. Raises OSError."""
    _change(path, lambda content: {**content, name: change(content[name])})
    return str(read_key_file(path)[name])


def _change(path: Path, change: Callable[[Content], Content]) -> None:
    with _held(path.parent):
        _replace(path, change(read_key_file(path)))


def _random() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keep others who do the same out of `folder` meanwhile; a process that dies lets go of it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, content: Content) -> None:
    """Write the whole file anew; a reader, or a crash, meets the old one or the new one."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
