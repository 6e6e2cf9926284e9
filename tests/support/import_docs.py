"""The tables of columns in docs/import.md, made from what the routes take.

`python -m tests.support.import_docs` writes them anew.
"""

from __future__ import annotations

from pathlib import Path

from services.registry.imports.columns import Column
from services.registry.imports.kinds import KINDS

PAGE = Path(__file__).parents[2] / "docs" / "import.md"
BEGIN = "<!-- made by `python -m tests.support.import_docs` from services/registry/imports/kinds.py -->\n"
END = "<!-- end -->\n"

FORMS = {
    "text": "text",
    "list": "values with `;` between them",
    "number": "a whole number",
    "flag": "`true` or `false`",
}


def tables() -> str:
    """A table in Markdown for each kind: a line for each column."""
    return "\n".join(
        f"`{kind.name}`, with the scope `{kind.scope}`:\n\n| column | what it has | needed |\n|---|---|:-:|\n"
        + "".join(
            f"| `{column.name}` | {_said(column)} | {'x' if column.required else ' '} |\n"
            for column in kind.columns
        )
        for kind in KINDS.values()
    )


def _said(column: Column) -> str:
    default = column.default
    if default is None:
        return FORMS[column.form]
    return f"{FORMS[column.form]}; empty, it is `{str(default).lower()}`"


def made(page: str) -> str:
    """`page` with the tables in their place."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}{tables()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(made(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
