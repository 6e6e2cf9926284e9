"""Masks: enough to tell two lines of a list apart, and no more."""

# ruff: noqa: RUF001 (other scripts are what this is about)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.masks import mask_address, mask_email, mask_name, mask_telephone


@pytest.mark.parametrize(
    ("name", "mask"),
    [
        ("李梅", "李**"),
        ("王秀英", "王**"),
        ("欧阳娜娜", "欧阳**"),
        ("司马光", "司马**"),
        ("欧阳", "欧**"),
        ("𠮷田三郎", "𠮷**"),
        ("阿卜杜热合曼·买买提", "阿**"),
        ("王 秀英", "王**"),
        ("李", "**"),
        ("", ""),
        ("  ", ""),
        ("John Smith", "J*** S****"),
        ("Jean-Luc Picard", "J***-L** P*****"),
        ("Zoë", "Z**"),
        ("Zoe\u0308 X", "Z** X*"),
        ("Нурлан Ахметов", "Н***** А******"),
        ("김민준", "김**"),
        ("さくら", "さ**"),
        ("محمد علي", "م*** ع**"),
        ("नीता", "नी*"),
    ],
)
def test_names(name: str, mask: str) -> None:
    assert mask_name(name) == mask


@pytest.mark.parametrize(
    ("number", "mask"),
    [
        ("13800000001", "138****0001"),
        ("138 0000-0001", "138****0001"),
        ("+86 13800000001", "+86 138****0001"),
        ("0086-13800000001", "+86 138****0001"),
        ("１３８００００００01", "138****0001"),
        ("087165551234", "087*****1234"),
        ("65551234", "******34"),
        ("110", "***"),
        ("", ""),
        ("none", ""),
    ],
)
def test_telephones(number: str, mask: str) -> None:
    assert mask_telephone(number) == mask


@pytest.mark.parametrize(
    ("address", "mask"),
    [
        ("沙坝路12号3栋2单元401", "沙坝路****"),
        ("昆明市五华区沙坝路12号", "昆明市****"),
        ("3栋2单元401", "****"),
        ("沙坝路", "****"),
        ("12 Main Street", "****"),
        ("", ""),
    ],
)
def test_addresses(address: str, mask: str) -> None:
    assert mask_address(address) == mask


@pytest.mark.parametrize(
    ("address", "mask"),
    [
        ("li.mei@example.org", "l***@example.org"),
        ("a@b@example.org", "a***@example.org"),
        ("梅@例子.中国", "梅***@例子.中国"),
        ("no address", "***"),
        ("@example.org", "***"),
        ("", ""),
    ],
)
def test_emails(address: str, mask: str) -> None:
    assert mask_email(address) == mask


@given(st.text())
def test_a_mask_of_anything_is_made_and_hides_something(text: str) -> None:
    for mask in (mask_name, mask_telephone, mask_address, mask_email):
        masked = mask(text)
        assert masked == "" or "*" in masked


@given(st.text("王李张秀英", min_size=2, max_size=6))
def test_of_a_chinese_name_only_the_surname_is_left(name: str) -> None:
    assert mask_name(name) == name[0] + "**"
