"""The key file: made once, kept private, and never a reason to lose what was sealed."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from cryptography.exceptions import InvalidTag

from shared.runtime.keyring import Box, KeyMissing, Keyring, load_keyring

LOADING = """
import sys
from pathlib import Path
from shared.runtime.keyring import load_keyring
print("ready", flush=True)
sys.stdin.readline()
keyring = load_keyring(Path(sys.argv[1]), ("signing",))
print(keyring.keys["key-0001"].hex(), keyring.extra["signing"])
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "dispatch.json"


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def rotate(path: Path) -> Keyring:
    """Add a second key and make it the current one, as an operator does."""
    content = json.loads(path.read_text())
    content["keys"]["key-0002"] = "c2Vjb25kIGtleSBvZiB0aGlydHktdHdvIGJ5dGVzIDo="
    content["current"] = "key-0002"
    path.write_text(json.dumps(content))
    return load_keyring(path)


@pytest.mark.usefixtures("open_umask")
def test_the_key_file_is_its_owners_alone(path: Path) -> None:
    load_keyring(path)
    assert mode(path) == 0o600
    load_keyring(path, ("signing",))
    assert mode(path) == 0o600


def test_the_next_start_reads_the_same_keys(path: Path) -> None:
    assert load_keyring(path, ("signing",)) == load_keyring(path, ("signing",))
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_secret_that_is_missing_is_added_and_the_keys_stay(path: Path) -> None:
    before = load_keyring(path)
    after = load_keyring(path, ("signing", "webhooks"))
    assert after.keys == before.keys
    assert after.extra["signing"] != after.extra["webhooks"]


@pytest.mark.parametrize("extra", [(), ("signing",)], ids=["keys", "secrets"])
def test_of_loads_at_once_all_have_the_same_keys(path: Path, extra: tuple[str, ...]) -> None:
    for attempt in range(20):
        start = Barrier(6)

        def load(file: Path, start: Barrier = start) -> Keyring:
            start.wait()
            return load_keyring(file, extra)

        with ThreadPoolExecutor(6) as pool:
            first, *others = pool.map(load, [path.with_name(f"{attempt}.json")] * 6)
        assert all(other == first for other in others)
        assert load_keyring(path.with_name(f"{attempt}.json"), extra) == first


def test_of_processes_that_start_at_once_all_have_the_same_keys(path: Path) -> None:
    command = [sys.executable, "-c", LOADING, str(path)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert len({process.communicate(timeout=30)[0] for process in processes}) == 1


def test_what_a_start_left_behind_that_was_cut_short_is_no_obstacle(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.with_name(f"{path.name}.{os.getpid()}").write_text("{")
    assert load_keyring(path).current == "key-0001"


def test_what_is_sealed_opens_again(path: Path) -> None:
    keyring = load_keyring(path)
    box = keyring.seal("王秀英".encode(), "resident-1")
    assert load_keyring(path).open(box, "resident-1") == "王秀英".encode()
    assert "王秀英".encode() not in box.data


def test_the_same_words_are_never_sealed_into_the_same_box(path: Path) -> None:
    keyring = load_keyring(path)
    assert keyring.seal(b"words", "resident-1").data != keyring.seal(b"words", "resident-1").data


def test_a_box_opens_for_what_it_is_bound_to_alone(path: Path) -> None:
    keyring = load_keyring(path)
    box = keyring.seal(b"words", "resident-1")
    with pytest.raises(InvalidTag):
        keyring.open(box, "resident-2")


@pytest.mark.parametrize("place", [0, 11, 12, -1], ids=["nonce", "nonce-end", "text", "tag"])
def test_a_box_that_was_altered_does_not_open(path: Path, place: int) -> None:
    keyring = load_keyring(path)
    box = keyring.seal(b"words", "resident-1")
    altered = bytearray(box.data)
    altered[place] ^= 1
    with pytest.raises(InvalidTag):
        keyring.open(Box(box.key, bytes(altered)), "resident-1")


def test_after_a_rotation_old_boxes_open_and_new_ones_use_the_new_key(path: Path) -> None:
    old = load_keyring(path).seal(b"words", "resident-1")
    rotated = rotate(path)
    new = rotated.seal(b"words", "resident-1")
    assert (old.key, new.key) == ("key-0001", "key-0002")
    assert rotated.open(old, "resident-1") == rotated.open(new, "resident-1") == b"words"


def test_a_rotation_changes_no_mac(path: Path) -> None:
    before = load_keyring(path).mac(b"POST", b"/v1/requests")
    assert rotate(path).mac(b"POST", b"/v1/requests") == before


def test_a_box_whose_key_is_gone_says_so(path: Path) -> None:
    box = rotate_away(path)
    with pytest.raises(KeyMissing, match="key-0001"):
        load_keyring(path).open(box, "resident-1")


def rotate_away(path: Path) -> Box:
    box = load_keyring(path).seal(b"words", "resident-1")
    rotate(path)
    content = json.loads(path.read_text())
    del content["keys"]["key-0001"]
    path.write_text(json.dumps(content))
    return box


def test_a_mac_keeps_its_parts_apart(path: Path) -> None:
    keyring = load_keyring(path)
    assert len({keyring.mac(b"ab", b"c"), keyring.mac(b"a", b"bc"), keyring.mac(b"abc")}) == 3
    assert keyring.mac(b"ab", b"c") == keyring.mac(b"ab", b"c")
