"""What imports and exports answer, and the files that they take, as the interface documents them."""

from __future__ import annotations

from typing import ClassVar, Literal

from services.registry.imports.kind import Kind
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape, answers
from shared.runtime.http.shapes import Absent

NDJSON = "application/x-ndjson"
CSV = "text/csv"

EXAMPLES = {
    "units": "name,kind,contact_name,contact_phone\r\n东川消防站,fire,赵敏,087162120000\r\n",
    "volunteers": "name,phone,unit,team,skills\r\n"
    "李梅,13800000003,unit-health-centre,residents,first-aid\r\n",
    "residents": "name,phone,address,grid,tier,flags\r\n"
    "王秀英,13800000001,3栋2单元401,shaba-03,high,lives-alone\r\n",
    "services": "name_zh,name_en,category,lead_unit,response_minutes\r\n"
    "助餐,Meals at home,volunteering,unit-health-centre,60\r\n",
    "facilities": "name_zh,name_en,kind,grid,rooms\r\n"
    '康乐中心,Recreation centre,elder-care,shaba-01,"hall|大厅|Hall|60|monday 08:30-17:30, '
    'friday 08:30-17:30"\r\n',
    "seats": "seat,number,unit,holder_name,starts_at\r\n"
    "member,6,unit-culture-station,陈建国,2026-01-01T00:00:00+08:00\r\n",
    "agreements": "unit,services,details_of,starts_at,ends_at,signed_at\r\n"
    "unit-red-cross,service-home-meals,service-home-meals,2026-01-01T00:00:00+08:00,2028-01-01T00:00:00+08:00,"
    "2026-01-01T00:00:00+08:00\r\n",
}


class RowFault(Shape):
    """Why a line does not enter; nothing of what it says is repeated."""

    example: ClassVar[Document] = {
        "line": 7,
        "column": "tier",
        "code": "literal-error",
        "reason": "Input should be 'key', 'high' or 'general'",
    }

    line: int
    column: str
    code: str
    reason: str
    first: int | Absent = None
    candidates: list[str] | Absent = None
    columns: list[str] | Absent = None


class ImportReport(Shape):
    """With `dry_run`: what would come of the file."""

    example: ClassVar[Document] = {
        "rows": 120,
        "good": 119,
        "bad": 1,
        "unchanged": 0,
        "errors": [RowFault.example],
    }

    rows: int
    good: int
    bad: int
    unchanged: int
    errors: list[RowFault]


class ImportLine(Shape):
    """Without `dry_run`: one line of the answer, which has `begun` first and `finished` last."""

    example: ClassVar[Document] = {
        "type": "progress",
        "done": 200,
        "of": 1000,
        "entered": 198,
        "unchanged": 0,
        "refused": 2,
    }

    type: Literal["begun", "refused", "progress", "finished"]
    rows: int | Absent = None
    done: int | Absent = None
    of: int | Absent = None
    entered: int | Absent = None
    unchanged: int | Absent = None
    refused: int | Absent = None
    finished: bool | Absent = None
    line: int | Absent = None
    column: str | Absent = None
    code: str | Absent = None
    reason: str | Absent = None
    detail: str | Absent = None
    first: int | Absent = None
    candidates: list[str] | Absent = None
    columns: list[str] | Absent = None


def import_answers() -> dict[int | str, Document]:
    """A report, or lines."""
    described = answers(ImportReport)
    schema = ImportLine.model_json_schema()
    described[200] = {
        **described[200],
        "content": {NDJSON: {"schema": schema, "example": ImportLine.example}},
    }
    return described


def export_answers(kind: Kind) -> dict[int | str, Document]:
    """A file."""
    names = ",".join(["id", *(column.name for column in kind.shown)])
    content = {CSV: {"schema": {"type": "string"}, "example": f"{names}\r\n"}}
    return {200: {"description": "A table.", "content": content, "headers": {}}}


def file_sent(kind: Kind) -> Document:
    """The `openapi_extra` of a route that takes a table."""
    content = {CSV: {"schema": {"type": "string"}, "example": EXAMPLES[kind.name]}}
    return {"requestBody": {"required": True, "content": content}}
