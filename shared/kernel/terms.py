"""What a person is found by: short words made of names, telephones and addresses, equal when they match.

Whoever keeps the words keeps keyed hashes of them (shared/runtime/sealed.py), so a word must be made in the
same way when a person is entered and when somebody looks. A query is a set of words, any of which will do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from shared.kernel.pinyin import completions, spellings
from shared.kernel.surnames import is_han, split_name

MOST_TERMS = 48
"""Words of one person: each costs the store an entry of an index."""
LONGEST_PREFIX = 12
HAN_PREFIX = 8
LONGEST_SPELLED = 60
LATIN_WORDS = 3
NUMBERS = 3
SHORTEST_TELEPHONE = 5
_CHINA = re.compile(r"^(?:\+|00)86")
_JOINERS = re.compile(r"[\s·•・.,\-'\u2019`]+")


def folded(text: str) -> str:
    """`text` without case, accents, widths and what joins words: `Zoë-José` is `zoejose`."""
    return _JOINERS.sub("", _plain(text))


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.replace("ü", "v").replace("Ü", "V"))
    bare = "".join(each for each in decomposed if not unicodedata.combining(each))
    return unicodedata.normalize("NFC", bare).casefold().strip()


def _words(text: str) -> list[str]:
    return [word for word in _JOINERS.split(_plain(text)) if word]


def digits(text: str) -> str:
    """The digits of a telephone number, without China's code."""
    plain = unicodedata.normalize("NFKC", text)
    return re.sub(r"\D", "", _CHINA.sub("", re.sub(r"[^\d+]", "", plain)))


def search_terms(
    names: Sequence[str], telephones: Sequence[str] = (), addresses: Sequence[str] = ()
) -> tuple[str, ...]:
    """The words that a person with these is found by, at most `MOST_TERMS`; what matters most comes first."""
    found = [
        *(term for each in telephones for term in _of_telephone(each)),
        *(term for each in addresses for term in _of_address(each)),
        *(term for each in names for term in _of_name(each)),
    ]
    return tuple(dict.fromkeys(found))[:MOST_TERMS]


def likeness_terms(
    name: str, telephones: Sequence[str] = (), addresses: Sequence[str] = (), grid: str | None = None
) -> tuple[str, ...]:
    """The words that two entries of one person are likely to have in common: the name with a telephone,
    with an address, with the grid."""
    who = "".join(sorted(_words(name)))
    if not who:
        return ()
    found = [
        *(f"same-telephone:{who}:{digits(each)}" for each in telephones if digits(each)),
        *(f"same-address:{who}:{_address(each)}" for each in addresses if _address(each)),
        *([f"same-grid:{who}:{grid}"] if grid else []),
    ]
    return tuple(dict.fromkeys(found))


def name_query(text: str) -> frozenset[str]:
    """The beginning of a name: in Chinese characters (the given name's too), in pinyin, whole or by its
    initials, or in Latin letters."""
    wanted = folded(text)
    if not wanted:
        return frozenset()
    if not wanted.isascii():
        return frozenset({f"name:{wanted[:LONGEST_PREFIX]}", f"name:{wanted[:HAN_PREFIX]}"})
    found = {f"latin:{wanted[:LONGEST_PREFIX]}", f"initials:{wanted}"}
    if 1 < len(wanted) <= LONGEST_SPELLED:  # one letter is an initial
        found |= {f"pinyin:{each}" for each in completions(wanted)}
    return frozenset(found)


def telephone_query(text: str) -> frozenset[str]:
    """A whole telephone number, or the last four digits of one."""
    wanted = digits(text)
    if len(wanted) == 4:
        return frozenset({f"telephone-end:{wanted}"})
    return frozenset({f"telephone:{wanted}"} if len(wanted) >= SHORTEST_TELEPHONE else ())


def address_query(text: str) -> frozenset[str]:
    """The numbers of an address from some place to its end (`2-401`, `3栋2单元401`), or a whole address."""
    numbers = _numbers(text)
    found = {f"address:{_address(text)}"} if _address(text) else set()
    if numbers:
        found.add(f"rooms:{'-'.join(numbers)}")
    return frozenset(found)


def _of_telephone(text: str) -> Iterator[str]:
    if len(number := digits(text)) >= SHORTEST_TELEPHONE:
        yield f"telephone:{number}"
        yield f"telephone-end:{number[-4:]}"


def _of_address(text: str) -> Iterator[str]:
    if not (whole := _address(text)):
        return
    if not (numbers := _numbers(text)):
        yield f"address:{whole}"
    for start in range(len(numbers)):
        yield f"rooms:{'-'.join(numbers[start:])}"


def _address(text: str) -> str:
    return "".join(each for each in _plain(text) if each.isalnum())


def _numbers(text: str) -> list[str]:
    return re.findall(r"\d+", unicodedata.normalize("NFKC", text))[-NUMBERS:]


def _of_name(name: str) -> Iterator[str]:
    whole = folded(name)
    if not is_han(whole):
        yield from _of_other_name(name)
        return
    parts = _words(name)
    # 阿卜杜·买买提 has no surname, 王 秀英 is written with a space: what stands behind counts as given.
    surname, given = split_name(whole) if len(parts) == 1 else (parts[0], "".join(parts[1:]))
    yield from _prefixes("name", whole[:HAN_PREFIX])
    yield from _prefixes("name", given[:HAN_PREFIX])
    yield from _of_pinyin(spellings(surname, given), len(given))


def _of_pinyin(ways: Sequence[tuple[str, ...]], given: int) -> Iterator[str]:
    for way in ways:
        yield from _prefixes("pinyin", way)
        yield from _prefixes("initials", (each[0] for each in way))
    for way in ways:
        yield from _prefixes("pinyin", way[len(way) - given :])


def _prefixes(kind: str, parts: Iterable[str]) -> Iterator[str]:
    return (f"{kind}:{prefix}" for prefix in accumulate(parts))


def _of_other_name(name: str) -> Iterator[str]:
    """Of a name in letters: the beginnings of it, and of it from each of its words on, turned round."""
    words = _words(name)[:LATIN_WORDS]
    for start in range(len(words)):
        turned = "".join(words[start:] + words[:start])
        kind = "latin" if turned.isascii() else "name"
        yield from _prefixes(kind, turned[:LONGEST_PREFIX])
