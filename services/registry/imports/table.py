"""CSV as it is sent and written: encodings, lines, and cells that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

BOM = "\ufeff"
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


class Unreadable(Exception):
    """The file is no table: `line` is where it stops to be one, `reason` says what to do about it."""

    def __init__(self, code: str, reason: str, line: int) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason
        self.line = line


def decoded(data: bytes) -> str:
    """The text of a file in UTF-8, with a byte order mark or without, or else in GB18030.

    Raises Unreadable.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fault = error
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError:
        line = data.count(b"\n", 0, fault.start) + 1
        reason = f"the file is neither UTF-8 (byte {fault.start} is not) nor GB18030; save it as UTF-8"
        raise Unreadable("unknown-encoding", reason, line) from None


def lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line of the file that it begins in, from 1. Blank lines are left out.

    Raises Unreadable for a quote that is not closed, and for a cell of more than 131,072 characters.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        first = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error:
            reason = (
                "the quotes of this line do not match, or a cell is too long; put a quote in a cell twice"
            )
            raise Unreadable("invalid-csv", reason, first) from None
        if cells is None:
            return
        if cells:
            yield first, [unguarded(cell) for cell in cells]


def guarded(cell: str) -> str:
    """`cell` with an apostrophe before it if it begins like a formula: no spreadsheet computes that."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if _GUARDED.match(cell) else cell


def written(rows: Sequence[Sequence[str]]) -> str:
    """The records as CSV (RFC 4180), guarded."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([guarded(cell) for cell in row] for row in rows)
    return out.getvalue()
