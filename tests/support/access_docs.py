"""The table of roles and scopes in docs/access.md, made from the table that decides.

`python -m tests.support.access_docs` writes it anew.
"""

from __future__ import annotations

from pathlib import Path

from services.registry.domain.roles import SCOPES as ROLES
from shared.runtime.access import SCOPES

PAGE = Path(__file__).parents[2] / "docs" / "access.md"
BEGIN = "<!-- made by `python -m tests.support.access_docs` from services/registry/domain/roles.py -->\n"
END = "<!-- end -->\n"


def table() -> str:
    """The table in Markdown: a line for each scope, a column for each role."""
    head = " | ".join(["scope", "to", *ROLES])
    lines = [f"| {head} |", "|---|---|" + ":-:|" * len(ROLES)]
    for scope, meaning in SCOPES.items():
        has = " | ".join("x" if scope in scopes else " " for scopes in ROLES.values())
        lines.append(f"| `{scope}` | {meaning} | {has} |")
    return "\n".join(lines) + "\n"


def made(page: str) -> str:
    """`page` with the table in its place."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(made(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
