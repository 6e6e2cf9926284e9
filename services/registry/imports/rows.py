"""The rows of a table, read and checked by themselves: each is the body of a POST route, or says why not.

Pure. Nothing of what a row says is in a fault: only where it is, and what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from services.registry.imports.columns import Column, body_of, column_at
from services.registry.imports.kind import Content, Kind
from services.registry.imports.table import Unreadable, decoded, lines
from shared.kernel.canonical import Json, encode
from shared.kernel.decider import Refused

ROWS = 50_000
"""Rows of one file, at the most."""
ID_DIGITS = 32

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

Mac = Callable[..., str]
CommunityFor = Callable[[str | None], str]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why the row in `line` does not enter; `facts` are the ids and columns that it is told with."""

    line: int
    column: str
    code: str
    reason: str
    facts: dict[str, Json] = field(default_factory=dict)

    def said(self) -> dict[str, Json]:
        """As it is answered."""
        said: dict[str, Json] = {
            "line": self.line,
            "column": self.column,
            "code": self.code,
            "reason": self.reason,
        }
        return {**said, **self.facts}


@dataclass(frozen=True, slots=True)
class Row:
    """A good row. `named` if it gives its id itself; `content` is what is to be kept sealed of it."""

    line: int
    id: str
    named: bool
    community: str
    body: Any
    content: Content | None


@dataclass(slots=True)
class Sheet:
    """A whole table: how many rows it has, those that are good, and what is wrong with the others."""

    count: int = 0
    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads tables of `kind`. `mac` is the keyed hash by which the same row has the same id for ever; `first`
    the first community of the installation."""

    kind: Kind
    mac: Mac
    community_for: CommunityFor
    first: str = ""

    def read(self, data: bytes) -> Sheet:
        """Raises Unreadable for what is no table of this kind at all."""
        records = lines(decoded(data))
        header = self._header(next(records, None))
        sheet, seen = Sheet(), dict[str, int]()
        for line, cells in records:
            if not any(cell.strip() for cell in cells):
                continue
            sheet.count += 1
            if sheet.count > ROWS:
                raise Unreadable("too-many-rows", f"the limit is {ROWS} rows; send the file in parts", line)
            row, faults = self._row(line, header, cells)
            if row is not None and (first := seen.setdefault(row.id, line)) != line:
                reason = f"the same record is in line {first} already"
                row, faults = None, [Fault(line, "", "duplicate-line", reason, {"first": first})]
            sheet.rows += [row] if row is not None else []
            sheet.faults += faults
        return sheet

    def _header(self, found: tuple[int, list[str]] | None) -> list[Column | None]:
        """The column of each cell; None for the id's."""
        if found is None:
            raise Unreadable("no-header", "the file is empty; its first line must name the columns", 1)
        line, names = found[0], [name.strip() for name in found[1]]
        known = {column.name: column for column in self.kind.columns}
        unknown = [str(at) for at, name in enumerate(names, 1) if name not in known and name != "id"]
        if unknown:
            of = ", ".join(["id", *known])
            reason = f"no column has the name that is in place {', '.join(unknown)}; there are: {of}"
            raise Unreadable("unknown-column", reason, line)
        if len(set(names)) != len(names):
            raise Unreadable("column-twice", "a column is there twice; leave one of them out", line)
        missing = [
            column.name for column in self.kind.columns if column.required and column.name not in names
        ]
        if missing:
            raise Unreadable("missing-column", f"these columns are needed: {', '.join(missing)}", line)
        return [known.get(name) for name in names]

    def _row(
        self, line: int, header: Sequence[Column | None], cells: Sequence[str]
    ) -> tuple[Row | None, list[Fault]]:
        if len(cells) != len(header):
            reason = f"it has {len(cells)} cells, and the first line has {len(header)} columns"
            return None, [Fault(line, "", "wrong-number-of-cells", reason)]
        given, values = "", dict[Column, str]()
        for column, cell in zip(header, cells, strict=True):
            if _CONTROL.search(cell):
                name = column.name if column is not None else "id"
                return None, [Fault(line, name, "control-character", "take out what cannot be printed")]
            if column is None:
                given = cell.strip()
            else:
                values[column] = cell.strip()
        try:
            body = self.kind.body.model_validate(body_of(values))
            community = self.community_for(body.community)
        except ValidationError as error:
            return None, [*self._faults(line, error)]
        except Refused as refusal:
            return None, [Fault(line, "community", refusal.code, refusal.message)]
        if given and not re.fullmatch(rf"{self.kind.prefix}-[a-z0-9-]{{1,80}}", given):
            reason = (
                f"an id begins with {self.kind.prefix}- and goes on with small letters, digits and hyphens"
            )
            return None, [Fault(line, "id", "invalid-id", reason)]
        content = self.kind.sealed(body)
        if self.kind.named is not None:
            named = self.kind.named(body, community, self.first)
            if given not in ("", named):
                return None, [Fault(line, "id", "invalid-id", "the other cells make this another id")]
            given = named
        id = given or self._id(community, body, content)
        return Row(line, id, bool(given), community, body, content), []

    def _id(self, community: str, body: Any, content: Content | None) -> str:
        facts = self.kind.facts(body, community, None).model_dump(mode="json", exclude_defaults=True)
        facts.pop("details", None)
        said = {name: value for name, value in (content or {}).items() if value not in (None, [])}
        parts = (b"linli import 1", self.kind.name.encode(), community.encode(), encode([facts, said]))
        return f"{self.kind.prefix}-{self.mac(*parts)[:ID_DIGITS]}"

    def _faults(self, line: int, error: ValidationError) -> Iterator[Fault]:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        for item in found:
            # A field that may be left out is of its type or nothing: that nothing would do too is of no help.
            if item["type"] == "none_required":
                continue
            column = column_at(self.kind.columns, item["loc"])
            message = str(item["msg"]).removeprefix("Value error, ")
            yield Fault(line, column, item["type"].replace("_", "-"), message)
