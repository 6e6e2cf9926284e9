"""The page on tables says what is so."""

from __future__ import annotations

from services.registry.api.imports import LIMIT
from services.registry.imports.engine import COMMIT, WAVE
from services.registry.imports.rows import ROWS
from tests.support.import_docs import PAGE, made, tables

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_columns_are_those_of_the_code() -> None:
    assert made(TEXT) == TEXT, "run python -m tests.support.import_docs"
    assert tables() in TEXT


def test_its_numbers_are_those_of_the_code() -> None:
    for said in (f"{LIMIT // 1024**2} MiB", f"{ROWS:,} rows", f"{COMMIT} to a commit", f"within {WAVE} rows"):
        assert said in TEXT, said
