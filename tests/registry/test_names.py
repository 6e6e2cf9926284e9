"""What a public name is found by."""

from __future__ import annotations

import pytest

from services.registry.names import LONGEST, beginnings, same, wanted
from shared.kernel.canonical import Json

WIDE = "\uff22\uff41\uff4e\uff4b"
"""`Bank` in letters as wide as characters."""
BANK: dict[str, Json] = {"zh": "重庆银行（东川）", "en": "Bank of Chongqing, Dongchuan"}


@pytest.mark.parametrize(
    "query",
    [
        *("重", "重庆银行", "重庆银行(东川", "重庆银行（东川）", "东川"),
        *("chongqingyinhang", "Chong Qing Yin", "zhongqing", "cqyh", "dongchuan", "dc"),
        *("bank o", "BANK OF CHONG", "of chongqing dong", WIDE, "bank-of"),
    ],
)
def test_a_name_is_found_by_the_beginning_of_it_and_of_its_words(query: str) -> None:
    assert wanted(query) in beginnings(BANK)


@pytest.mark.parametrize("query", ["庆", "ank", "银行", "chuan", "bankx", "东川重庆"])
def test_a_name_is_not_found_by_what_no_word_of_it_begins_with(query: str) -> None:
    assert wanted(query) not in beginnings(BANK)


def test_case_width_accents_and_signs_do_not_count() -> None:
    spelled = ("Café Zoë", "CAFÉ  ZOË", "cafe-zoe", "\uff23\uff21\uff26\uff25\u3000zoe", "Cafe\u0301 (Zoe)")
    assert {tuple(same(name)) for name in spelled} == {("cafezoe",)}
    assert len({wanted(name) for name in spelled}) == 1


def test_what_has_no_letters_is_found_by_nothing() -> None:
    for name in ("***", "", "—", None, 7):
        assert beginnings(name) == []
        assert same(name) == []
    assert wanted("***") == ""


def test_a_long_name_has_few_beginnings_and_is_found_by_the_first_of_a_long_query() -> None:
    name = "中国人民解放军长期行动重庆长行乐" * 12
    found = beginnings(name)
    assert len(found) < 40 * LONGEST
    assert wanted(name) in found
