"""What people are found by: what is made of a person meets what is made of a question."""

# ruff: noqa: RUF001 (other scripts are what this is about)

from __future__ import annotations

import pytest

from shared.kernel.pinyin import completions, spellings, syllables
from shared.kernel.surnames import split_name
from shared.kernel.terms import (
    MOST_TERMS,
    address_query,
    likeness_terms,
    name_query,
    search_terms,
    telephone_query,
)


def is_found(name: str, query: str) -> bool:
    return bool(name_query(query) & set(search_terms([name])))


@pytest.mark.parametrize(
    ("name", "query"),
    [
        *(("王秀英", query) for query in ("王", "王秀", "王秀英", "秀", "秀英", " 王 秀英 ")),
        *(("王秀英", query) for query in ("wa", "wang", "wangx", "wangxiuy", "WANG XIUYING", "wxy", "w")),
        *(("王秀英", query) for query in ("xiuying", "xiuyi", "Wáng Xiùyīng", "ｗａｎｇ")),
        *(
            ("欧阳娜娜", query)
            for query in ("欧阳", "欧阳娜", "娜娜", "ouyang", "ouyangnana", "oynn", "nana")
        ),
        *(("单雄信", query) for query in ("shan", "shanxiong", "sxx")),
        *(("仇和", query) for query in ("qiu", "qiuhe", "qh")),
        *(("曾国藩", query) for query in ("zeng", "zengguofan")),
        *(("解晓东", query) for query in ("xie", "xiexiaodong")),
        *(("万俟丑奴", query) for query in ("moqi", "万俟", "丑奴")),
        *(("吕布", query) for query in ("lv", "lü", "lu", "LYU BU", "lvbu", "lb")),
        *(("曾乐行", query) for query in ("zengle", "zengyue", "lexing", "yuehang")),
        *(
            ("阿卜杜热合曼·买买提", query)
            for query in ("阿卜杜", "买买提", "阿卜杜热合曼买买提", "abudu", "maimaiti")
        ),
        *(("John Smith", query) for query in ("j", "john", "JOHN S", "smith", "smith j", "johnsmith")),
        *(("Zoë Saldaña-Núñez", query) for query in ("zoe", "zoë", "saldana", "SALDAÑA", "nunez")),
        *(("Нурлан Ахметов", query) for query in ("нур", "АХМЕТОВ", "Нурлан Ах")),
        *(("Nguyễn Thị Minh", query) for query in ("nguyen", "thi minh", "minh")),
    ],
)
def test_a_name_is_found_by_its_beginnings(name: str, query: str) -> None:
    assert is_found(name, query)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        *(("王秀英", query) for query in ("英", "李", "王英", "ang", "wangying", "xw", "", " · ")),
        *(("单雄信", query) for query in ("dan", "chan")),
        *(("John Smith", query) for query in ("ohn", "smithson", "js")),
        ("王", "王秀"),
    ],
)
def test_a_name_is_not_found_by_anything_else(name: str, query: str) -> None:
    assert not is_found(name, query)


@pytest.mark.parametrize(
    "query", ["13800000001", "0001", "+86 138-0000-0001", "0086 138 0000 0001", "１３８００００００01"]
)
def test_a_telephone_is_found_whole_or_by_its_last_four(query: str) -> None:
    assert telephone_query(query) & set(search_terms([], ["138 0000 0001"]))


@pytest.mark.parametrize("query", ["", "1", "001", "138", "1380", "00001", "x"])
def test_a_telephone_is_not_found_by_another_part(query: str) -> None:
    assert not telephone_query(query) & set(search_terms([], ["13800000001"]))


@pytest.mark.parametrize(
    "query", ["3栋2单元401", "3-2-401", "2-401", "401", "沙坝路３栋２单元４０１", "沙坝路12号3栋2单元401室"]
)
def test_an_address_is_found_by_its_numbers(query: str) -> None:
    assert address_query(query) & set(search_terms([], [], ["沙坝路12号 3栋2单元401"]))


def test_an_address_without_numbers_is_found_as_it_is() -> None:
    assert address_query("菜市场 旁边") & set(search_terms([], [], ["菜市场旁边"]))
    assert not address_query("3-2") & set(search_terms([], [], ["3栋2单元401"]))
    assert address_query(" , ") == frozenset()


@pytest.mark.parametrize(
    "name", ["阿卜杜热合曼·买买提·艾合买提江", "Maria de los Angeles Fernandez Gutierrez", "乐" * 200]
)
def test_however_long_a_name_is_its_terms_are_few(name: str) -> None:
    terms = search_terms([name, name[::-1]], ["1" * 200], ["1 " * 200])
    assert 0 < len(terms) <= MOST_TERMS
    assert len(set(terms)) == len(terms)


def test_a_common_name_costs_some_twenty_terms() -> None:
    assert len(search_terms(["王秀英"], ["13800000001"], ["3栋2单元401"])) <= 20


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            {"name": "王秀英", "telephones": ["13800000001"]},
            {"name": " 王 秀英", "telephones": ["+86 138 0000 0001"]},
        ),
        ({"name": "John Smith", "grid": "shaba-03"}, {"name": "SMITH, John", "grid": "shaba-03"}),
        (
            {"name": "王秀英", "addresses": ["3栋 2单元401"]},
            {"name": "王秀英", "addresses": ["３栋2单元-401"]},
        ),
    ],
)
def test_two_entries_of_one_person_have_a_term_in_common(
    one: dict[str, object], other: dict[str, object]
) -> None:
    assert set(likeness_terms(**one)) & set(likeness_terms(**other))  # type: ignore[arg-type]


def test_two_persons_have_none() -> None:
    one = set(likeness_terms("王秀英", ["13800000001"], ["3栋2单元401"], "shaba-03"))
    assert len(one) == 3
    assert not one & set(likeness_terms("王秀英", ["13800000002"], ["3栋2单元402"], "shaba-04"))
    assert not one & set(likeness_terms("王秀兰", ["13800000001"], ["3栋2单元401"], "shaba-03"))
    assert likeness_terms("", ["13800000001"], [], "shaba-03") == ()


def test_letters_are_taken_apart_into_syllables() -> None:
    assert syllables("wangxiuying") == ("wang", "xiu", "ying")
    assert syllables("wangx") == ()
    assert {"xian", "xiang", "xiana"} <= completions("xian")
    assert completions("qqq") == set()
    assert spellings("𠮷", "野") == []


def test_names_are_split_behind_the_surname() -> None:
    assert split_name("欧阳娜娜") == ("欧阳", "娜娜")
    assert split_name("欧阳") == ("欧", "阳")
    assert split_name("王") == ("王", "")
