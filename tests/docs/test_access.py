"""The page on access says what is so."""

from __future__ import annotations

import re

from services.registry.secrets import may_be_good, new_secret
from shared.runtime.settings import RegistrySettings
from tests.support.access_docs import PAGE, made, table

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_table_is_what_the_code_grants() -> None:
    assert made(TEXT) == TEXT, "run python -m tests.support.access_docs"
    assert table() in TEXT


def test_the_form_of_a_secret_is_the_one_that_is_made() -> None:
    [form] = re.findall(r"`(linli_\[[^`]+)`", TEXT)
    secret = new_secret()
    assert re.fullmatch(form, secret)
    assert may_be_good(secret)


def test_settings_that_it_names_are_there() -> None:
    for name in re.findall(r"`LINLI_([A-Z_]+)`", TEXT):
        assert name.lower() in RegistrySettings.model_fields, name
