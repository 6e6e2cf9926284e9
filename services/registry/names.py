"""What the public name of a thing is found by: its beginnings, in characters, in pinyin, in Latin letters.

For names of units, grids, services, teams and facilities. Names of persons are sealed, and found otherwise.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from shared.kernel.canonical import Json
from shared.kernel.terms import folded

LONGEST = 24
"""Letters of a query that count; further ones are not looked at."""
SPELLINGS = 8
"""Ways to read one name, after which no further are looked for."""
READINGS = 2
"""Ways to read one character."""
_BETWEEN = re.compile(r"[\W_]+")


def wanted(query: str) -> str:
    """`query` as the beginnings are written; empty if there is no letter in it."""
    return _joined(_words(query))[:LONGEST]


def same(name: Json) -> list[str]:
    """`name`, in each of its languages, so that two spellings of it are equal."""
    return list(dict.fromkeys(found for text in _texts(name) if (found := _joined(_words(text)))))


def beginnings(name: Json) -> list[str]:
    """Every beginning of `name` and of each of its words, sorted; in pinyin whole and by initials too.

    A name is a text, or one text for each language.
    """
    return sorted({word[:size] for word in _spelled(name) for size in range(1, min(len(word), LONGEST) + 1)})


def _spelled(name: Json) -> Iterator[str]:
    for text in _texts(name):
        words = _words(text)
        for start in range(len(words)):
            whole = _joined(words[start:])
            yield whole
            if not whole.isascii():
                yield from _pinyin(whole)


def _texts(name: Json) -> list[str]:
    if isinstance(name, Mapping):
        return [str(text) for text in name.values()]
    return [name] if isinstance(name, str) else []


def _words(text: str) -> list[str]:
    return [folded(word) for word in _BETWEEN.split(text) if folded(word)]


def _joined(words: list[str]) -> str:
    return _BETWEEN.sub("", "".join(words))


def _pinyin(text: str) -> Iterator[str]:
    """`text` by its readings, whole and by the first letters of them."""
    for way in _ways(text[:LONGEST]):
        yield "".join(way)
        yield "".join(syllable[0] for syllable in way)


def _ways(text: str) -> list[list[str]]:
    """The ways to read `text`: its first characters in all of theirs, the others as they mostly are."""
    ways: list[list[str]] = [[]]
    for character in text:
        first, *others = _readings(character)
        further = [[*way, each] for way in ways for each in others] if len(ways) < SPELLINGS else []
        ways = [[*way, first] for way in ways] + further
    return ways


@lru_cache(8192)
def _readings(character: str) -> tuple[str, ...]:
    """How `character` can be read, the commonest first; itself if it is none of Chinese."""
    # Imported when first needed, since the table is large; the phrases are larger, and do not help here.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
    os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "1")
    from pypinyin import Style, pinyin

    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    return tuple(dict.fromkeys(found[0]))[:READINGS] if found else (character,)
