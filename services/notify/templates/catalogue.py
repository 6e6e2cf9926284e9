"""The words of each language: `zh.po` and `en.po`, read once."""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations
from importlib.resources import files
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from shared.events.notify import Language


class Words:
    """What is said in one language."""

    def __init__(self, translations: GNUTranslations) -> None:
        self._translations = translations

    def find(self, context: str, key: str) -> str | None:
        """The text for `key`, if there is one."""
        asked = f"{context}\x04{key}"
        text = self._translations.gettext(asked)
        return None if text == asked else text

    def say(self, context: str, key: str, **values: str) -> str:
        """The text for `key`, which must be there, with `values` in their places."""
        return self._translations.pgettext(context, key).format_map(values)

    def count(self, key: str, count: int) -> str:
        """The text for so many."""
        text = self._translations.npgettext("count", key, f"{key}s", count)
        return text.format(count=count)


@cache
def words(language: Language) -> Words:
    """The words of `language`."""
    source = files("services.notify.templates").joinpath(f"{language}.po").read_bytes()
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(source)))
    compiled.seek(0)
    return Words(GNUTranslations(compiled))
