"""Canonical JSON is RFC 8785 for what events hold, as an independent implementation says."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.kernel.canonical import Json, decode, decode_object, digest, encode

KEYS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)
INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | INTEGERS | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@dataclass
class Thing:
    name: str


@settings(deadline=None)
@given(VALUES)
def test_the_bytes_are_those_of_rfc_8785(value: Json) -> None:
    assert encode(value) == rfc8785.dumps(value)


@settings(deadline=None)
@given(VALUES)
def test_what_is_written_reads_back_and_is_written_the_same(value: Json) -> None:
    assert decode(encode(value)) == value
    assert encode(decode(encode(value))) == encode(value)


@pytest.mark.parametrize(
    "text",
    ["邻里", "👵🏻", "\U0010ffff", "\x00\x1f\x7f\x80", '\b\t\n\f\r"\\/', "\u2028\u2029\ufeff", "e\u0301 é"],
)
def test_every_character_is_written_as_rfc_8785_says(text: str) -> None:
    assert encode({"text": text}) == rfc8785.dumps({"text": text})


def test_keys_are_sorted_and_nothing_is_spaced() -> None:
    assert encode({"b": [1, {"z": None, "a": True}], "a": "x", "B": -1}) == (
        b'{"B":-1,"a":"x","b":[1,{"a":true,"z":null}]}'
    )


@pytest.mark.parametrize(
    "value",
    ["\ud800", {"a": "x\udfff"}, {1: "a"}, {"a": object()}, {"a": {1, 2}}, {"a": b"x"}, 2**64],
    ids=["surrogate", "surrogate-inside", "number-as-key", "object", "set", "bytes", "huge"],
)
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        encode(value)


@pytest.mark.parametrize("value", [datetime(2026, 11, 24, tzinfo=UTC), Thing("a")])
def test_what_has_a_form_of_its_own_is_not_given_another(value: object) -> None:
    with pytest.raises(TypeError):
        encode({"a": value})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"nope",
        b"{} {}",
        b"NaN",
        b"[Infinity]",
        b"{'a': 1}",
        b'"\xff"',
        b'"\\ud800"',
        b"[1,]",
        b"01",
    ],
)
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(data)


@pytest.mark.parametrize("data", [b"[]", b"1", b"null", b'"{}"', b"true"])
def test_what_is_no_object_is_refused_where_one_is_due(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a JSON object"):
        decode_object(data)


def test_a_digest_is_sha_256_over_the_salt_and_the_canonical_bytes() -> None:
    expected = hashlib.sha256(b"salt" + b'{"a":"\xe9\x82\xbb","b":1}').hexdigest()
    assert digest({"b": 1, "a": "邻"}, b"salt") == expected
    assert digest({"b": 1, "a": "邻"}, b"other") != expected
