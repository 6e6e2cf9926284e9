"""Personal details with most of them hidden, for lists: `李**`, `138****0001`. A mask is personal too."""

from __future__ import annotations

import re
import unicodedata

from shared.kernel.surnames import is_han, split_name

HIDDEN = "*"
_SEPARATED = re.compile(r"([\s·•・\-]+)")
_STREET = re.compile(
    r"^.*?(?:省|市|区|县|镇|乡|街道|路|街|巷|里|小区|社区|花园|Road|Street|Rd|St)", re.IGNORECASE
)


def mask_name(name: str) -> str:
    """Of a Chinese name the surname and two stars (as many as given characters are would tell them); of
    another each word's first letter; two stars for what is empty or of one character."""
    plain = unicodedata.normalize("NFC", name).strip()
    if len(plain) < 2:
        return HIDDEN * 2 if plain else ""
    if is_han(plain):
        return split_name(plain)[0] + HIDDEN * 2
    parts = _SEPARATED.split(plain)
    if is_han("".join(parts[0::2])):
        return parts[0][0] + HIDDEN * 2
    return "".join(part if at % 2 else _word(part) for at, part in enumerate(parts))


def mask_telephone(number: str) -> str:
    """The first three digits and the last four of a number of eleven; the last two of a shorter one, and
    nothing of one below seven digits. A country's code is shown as it is."""
    plain = unicodedata.normalize("NFKC", number)
    if not (found := re.sub(r"\D", "", plain)):
        return ""
    code = ""
    if (match := re.match(r"^\s*(?:\+|00)(86)", plain)) is not None:
        code, found = f"+{match[1]} ", found[found.index("86") + 2 :]
    if len(found) >= 11:
        return f"{code}{found[:3]}{HIDDEN * (len(found) - 7)}{found[-4:]}"
    if len(found) >= 7:
        return f"{code}{HIDDEN * (len(found) - 2)}{found[-2:]}"
    return code + HIDDEN * len(found)


def mask_address(address: str) -> str:
    """As far as the first part that says a place (a city, a district, a street), and four stars."""
    plain = unicodedata.normalize("NFC", address).strip()
    if not plain:
        return ""
    if (match := _STREET.match(plain)) is not None and match.end() < len(plain):
        return plain[: match.end()] + HIDDEN * 4
    return HIDDEN * 4


def mask_email(address: str) -> str:
    """The first letter, three stars, and the domain; three stars for what is no address."""
    plain = address.strip()
    name, at, domain = plain.rpartition("@")
    if not at or not name or not domain:
        return HIDDEN * 3 if plain else ""
    return f"{_first(name)}{HIDDEN * 3}@{domain}"


def _word(word: str) -> str:
    """The first letter and a star for each other: `John` is `J***`. Marks stay with their letter."""
    first = _first(word)
    rest = sum(1 for each in word[len(first) :] if not _is_mark(each))
    return first + HIDDEN * max(rest, 1)


def _first(word: str) -> str:
    size = 1
    while size < len(word) and _is_mark(word[size]):
        size += 1
    return word[:size]


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")
