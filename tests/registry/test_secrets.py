"""A secret is long and random, is recognised as ours, and is compared in a time that tells nothing."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from deploy.stack.services import CHECKOUT
from services.registry.secrets import DIGITS, hashed, matches, may_be_good, new_secret


def number(text: str) -> int:
    value = 0
    for digit in text:
        value = value * 62 + DIGITS.index(digit)
    return value


def test_a_secret_has_the_form_that_the_documentation_says() -> None:
    secret = new_secret()
    assert re.fullmatch(r"linli_[0-9A-Za-z]{49}", secret)
    assert number(secret[-6:]) == zlib.crc32(secret[:-6].encode())
    assert may_be_good(secret)


def test_secrets_differ_and_use_all_their_bits() -> None:
    numbers = [number(new_secret()[6:-6]) for _ in range(300)]
    assert len(set(numbers)) == 300
    assert all(one < 2**256 for one in numbers)
    for bit in range(256):
        assert 60 < sum(one >> bit & 1 for one in numbers) < 240, bit


def test_a_mistyped_secret_is_known_for_one() -> None:
    secret = new_secret()
    for place in range(6, len(secret)):
        other = "x" if secret[place] != "x" else "y"
        assert not may_be_good(secret[:place] + other + secret[place + 1 :]), place
    for wrong in (secret[:-1], secret + "0", "linli_", "linli_é", secret[:20] + "-" + secret[21:]):
        assert not may_be_good(wrong)


def test_what_an_operator_chose_may_be_good() -> None:
    assert may_be_good("correct horse battery staple")
    assert may_be_good("")


def test_any_of_several_secrets_matches_and_no_other() -> None:
    old, new = new_secret(), new_secret()
    hashes = [hashed(new), hashed(old)]
    assert matches(hashes, old)
    assert matches(hashes, new)
    assert not matches(hashes, new_secret())
    assert not matches([], old)
    assert not matches([""], "")


@pytest.mark.parametrize("folder", ["services/registry", "shared/runtime"])
def test_no_hash_or_secret_is_compared_by_equality(folder: str) -> None:
    """`==` stops at the first difference, which tells whoever measures how far a guess was right."""
    found = []
    for path in sorted((CHECKOUT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.In) for op in node.ops):
                named = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
                if named & {"hashes", "given_hash", "secret_hash", "hashed"}:
                    found.append(f"{path.name}:{node.lineno}")
    assert found == []
    text = Path(CHECKOUT / "services/registry/secrets.py").read_text(encoding="utf-8")
    assert "hmac.compare_digest(one, given)" in text


def test_a_mistyped_secret_in_the_environment_ends_the_start_and_is_not_shown(tmp_path: Path) -> None:
    """It would be refused for ever after: the hash of what was meant would not be on record."""
    mistyped = new_secret()[:-1] + "!"
    settings = {
        "MONGO_URL": "mongodb://127.0.0.1:9/",
        "AMQP_URL": "amqp://x:x@127.0.0.1:9/",
        "PORT": "1",
        "KEY_FILE": str(tmp_path / "keys.json"),
        **{f"{name}_SECRET": "x" for name in ("CLIENT", "DISPATCH", "NOTIFY", "AUDIT")},
        **{f"{name}_URL": "http://127.0.0.1:9" for name in ("REGISTRY", "DISPATCH", "NOTIFY", "AUDIT")},
        "ADMIN_SECRET": mistyped,
    }
    environment = {f"LINLI_{name}": value for name, value in settings.items()}
    ended = subprocess.run(
        [sys.executable, "-m", "services.registry"],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 2
    assert "LINLI_ADMIN_SECRET" in ended.stderr
    assert mistyped not in ended.stdout + ended.stderr
