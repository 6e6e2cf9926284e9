"""Tables read and checked by themselves: what is good becomes what a route takes, what is not says where."""

from __future__ import annotations

import csv
import hashlib
import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.imports.columns import columns_of
from services.registry.imports.kinds import KINDS
from services.registry.imports.rows import Fault, Reader, Sheet
from services.registry.imports.table import Unreadable, decoded, guarded, lines, unguarded, written
from shared.kernel.decider import Refused

HEAD = "name,phone,address,grid,tier,flags\n"
GOOD = "王秀英,13800000001,3栋2单元401,shaba-03,high,lives-alone;disabled\n"
CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def mac(*parts: bytes) -> str:
    return hashlib.sha256(b"|".join(parts)).hexdigest()


def community_for(asked: str | None) -> str:
    if asked not in (None, "shaba"):
        raise Refused("unknown-community", "name one of your own")
    return "shaba"


def read(data: bytes | str, kind: str = "residents") -> Sheet:
    return Reader(KINDS[kind], mac, community_for).read(data.encode() if isinstance(data, str) else data)


def unreadable(data: bytes | str, kind: str = "residents") -> tuple[str, int]:
    with pytest.raises(Unreadable) as refused:
        read(data, kind)
    return refused.value.code, refused.value.line


def where(faults: list[Fault]) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.column, fault.code) for fault in faults]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_row_is_what_the_route_takes_in_whatever_encoding(encoding: str) -> None:
    [row] = read((HEAD + GOOD).encode(encoding)).rows
    assert (row.line, row.community, row.named) == (2, "shaba", False)
    assert row.content == {
        "name": "王秀英",
        "phone": "13800000001",
        "address": "3栋2单元401",
        "flags": ["disabled", "lives-alone"],
    }
    assert row.id.startswith("resident-")


def test_the_same_row_is_the_same_record_in_whatever_file() -> None:
    [one] = read(HEAD + GOOD).rows
    other_order = "tier,name,confirmed,flags,grid,phone,address,notes\n"
    same = "high,王秀英,true,disabled;lives-alone,shaba-03,13800000001,3栋2单元401,\n"
    [other] = read(other_order + same).rows
    assert one.id == other.id
    [another] = read(HEAD + GOOD.replace("401", "402")).rows
    assert another.id != one.id


def test_what_is_neither_encoding_says_in_which_line() -> None:
    assert unreadable(HEAD.encode() + b"\xe7\x8e\n\xff\xff") == ("unknown-encoding", 2)


def test_lines_are_those_of_the_file_also_behind_line_breaks_in_quotes() -> None:
    text = 'name,notes,grid,tier\n"王秀英","a\nb",shaba-03,high\n\n李,x,shaba-03,soon\n'
    sheet = read(text)
    assert [row.line for row in sheet.rows] == [2]
    assert where(sheet.faults) == [(5, "tier", "literal-error")]
    assert sheet.count == 2


def test_every_wrong_cell_is_told_and_nothing_of_it_repeated() -> None:
    sheet = read(HEAD + "王秀英,planted,3栋,Planted 1,planted,planted\n,,,shaba-01,key,\n" + GOOD)
    assert where(sheet.faults) == [
        (2, "phone", "string-pattern-mismatch"),
        (2, "grid", "string-pattern-mismatch"),
        (2, "tier", "literal-error"),
        (2, "flags", "literal-error"),
        (3, "name", "missing"),
    ]
    assert all(fault.reason and "lanted" not in str(fault.said()) for fault in sheet.faults)
    assert [row.line for row in sheet.rows] == [4]


def test_fields_inside_a_field_are_columns_and_wrong_there() -> None:
    head = "name_zh,name_en,category,lead_unit,response_minutes,public\n"
    sheet = read(
        head + "助餐,Meals,volunteering,unit-x,many,maybe\n助餐,,volunteering,unit-x,60,FALSE\n", "services"
    )
    assert where(sheet.faults) == [
        (2, "response_minutes", "int-type"),
        (2, "public", "bool-type"),
        (3, "name_en", "missing"),
    ]
    contact = "name,kind,contact_name,contact_email\n消防站,fire,赵敏,no-address\n警务站,police,,\n"
    sheet = read(contact, "units")
    assert where(sheet.faults) == [(2, "contact_email", "string-pattern-mismatch")]
    assert [row.content for row in sheet.rows] == [None]


def test_a_line_that_is_there_twice_names_the_first() -> None:
    sheet = read(HEAD + GOOD + GOOD)
    assert where(sheet.faults) == [(3, "", "duplicate-line")]
    assert sheet.faults[0].said()["first"] == 2


def test_an_id_is_of_its_kind() -> None:
    ids = ("resident-7", "volunteer-7", "resident-A")
    sheet = read("id,name,grid,tier\n" + "".join(f"{id},王,shaba-01,key\n" for id in ids))
    assert [(row.id, row.named) for row in sheet.rows] == [("resident-7", True)]
    assert where(sheet.faults) == [(3, "id", "invalid-id"), (4, "id", "invalid-id")]


def test_a_row_of_another_community_does_not_enter() -> None:
    sheet = read("community,name,grid,tier\nelsewhere,王,shaba-01,key\nshaba,王,shaba-01,key\n")
    assert where(sheet.faults) == [(2, "community", "unknown-community")]


def test_what_is_no_table_of_the_kind_is_refused_as_a_whole() -> None:
    assert unreadable("") == ("no-header", 1)
    assert unreadable("\ufeff") == ("no-header", 1)
    assert unreadable("name,grid,tier,planted\n") == ("unknown-column", 1)
    assert unreadable("name,grid\n") == ("missing-column", 1)
    assert unreadable("name,grid,tier,name\n") == ("column-twice", 1)
    assert unreadable(HEAD + '"王') == ("invalid-csv", 2)
    assert unreadable(HEAD + GOOD + f"{'x' * 200_000},,,,,\n") == ("invalid-csv", 3)


def test_only_a_header_is_a_table_without_rows() -> None:
    assert read(HEAD) == Sheet()


def test_a_cell_too_many_or_with_what_cannot_be_printed_is_a_fault_of_its_line() -> None:
    sheet = read(
        HEAD
        + "王\0秀英,,,shaba-03,high,\n"
        + "王,,,shaba-03,high\n,,,,,\n"
        + f"{'王' * 300},,,shaba-03,high,\n"
    )
    assert where(sheet.faults) == [
        (2, "name", "control-character"),
        (3, "", "wrong-number-of-cells"),
        (5, "name", "string-too-long"),
    ]


def test_a_cell_like_a_formula_is_written_so_that_nothing_computes_it() -> None:
    for cell in ("=1+1", "+86 138", "-1", "@x", "'=1", "''+1", "\t=1"):
        assert guarded(cell) == f"'{cell}"
        assert unguarded(guarded(cell)) == cell
    for cell in ("王", "", "'x", "1=1", "o'x"):
        assert guarded(cell) == unguarded(cell) == cell


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=5))
def test_what_is_written_is_read_as_it_was(rows: list[list[str]]) -> None:
    text = written(rows)
    assert [cells for _, cells in lines(text)] == [[*row] for row in rows]
    for row in csv.reader(io.StringIO(text, newline="")):
        assert not any(cell[:1] in ("=", "+", "-", "@") for cell in row if cell)
    assert decoded(text.encode("utf-8-sig")) == text


@given(st.binary(max_size=300))
def test_whatever_is_sent_is_read_or_refused(data: bytes) -> None:
    for kind in KINDS:
        with suppress(Unreadable):
            assert read(HEAD.encode() + data, kind).rows is not None


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_shown_of_a_record_is_read_as_the_same(kind: str) -> None:
    samples = {
        "units": {"name": "消防站", "kind": "fire", "contact_name": "赵敏", "contact_phone": "+86 138"},
        "volunteers": {
            "name": "李梅",
            "unit": "unit-x",
            "team": "residents",
            "skills": "first-aid;yi",
            "load_cap": "3",
        },
        "residents": {
            "name": "=王",
            "grid": "shaba-03",
            "tier": "key",
            "guardian_name": "王强",
            "guardian_phone": "138",
        },
        "services": {"name_zh": "助", "name_en": "M", "category": "volunteering", "lead_unit": "unit-x"}
        | {"response_minutes": "60", "supporting_units": "unit-z;unit-y", "public": "false"},
        "facilities": {"name_zh": "康", "name_en": "R", "kind": "elder-care", "grid": "shaba-03"}
        | {"rooms": "hall|大厅|Hall|60|monday 08:30-12:00, friday 14:00-24:00;yard|院|Yard|9|"},
        "seats": {"seat": "member", "number": "3", "unit": "unit-x", "holder_name": "陈建国"}
        | {"starts_at": "2026-01-01T00:00:00.000Z"},
        "agreements": {"unit": "unit-x", "services": "service-a;service-b", "details_of": "service-a"}
        | {"starts_at": "2026-01-01T00:00:00.000Z", "ends_at": "2027-01-01T00:00:00.000Z"}
        | {"signed_at": "2025-12-31T00:00:00.000Z"},
    }
    sample = samples[kind]
    [row] = read(written([[*sample], [*sample.values()]]), kind).rows
    facts = KINDS[kind].facts(row.body, row.community, "-").model_dump(mode="json", exclude_none=True)
    cells = KINDS[kind].cells(row.community, facts, row.content or {})
    assert {name: cells[name] for name in sample} == sample
    again = read(written([["id", *cells], [row.id, *cells.values()]]), kind).rows
    assert [(each.body, each.content) for each in again] == [
        (row.body.model_copy(update={"community": "shaba"}), row.content)
    ]


@pytest.mark.parametrize(
    "rooms",
    [
        *("hall", "hall|大厅|Hall|many|", "hall|大厅|Hall|60|someday 08:30-17:30"),
        *("hall|大厅|Hall|60|monday 17-8", "hall|大厅|Hall|60|monday 17:30-08:30"),
        *("a|x|y|1|;a|x|y|2|", "hall|大厅|Hall|0|"),
    ],
)
def test_rooms_that_make_no_sense_are_faults_of_their_column(rooms: str) -> None:
    table = written([["name_zh", "name_en", "kind", "grid", "rooms"], ["康", "R", "care", "shaba-03", rooms]])
    [fault] = read(table, "facilities").faults
    assert (fault.line, fault.column) == (2, "rooms")


def test_a_seat_is_named_by_its_number_and_there_are_so_many() -> None:
    head = ["id", "seat", "number", "unit", "holder_name", "starts_at"]
    rest = ["unit-x", "陈建国", "2026-01-01T00:00:00Z"]
    sheet = read(
        written(
            [
                head,
                ["", "member", "6", *rest],
                ["", "member", "7", *rest],
                ["seat-member-2", "member", "1", *rest],
            ]
        ),
        "seats",
    )
    assert [row.id for row in sheet.rows] == ["seat-shaba-member-6"]
    assert [(fault.line, fault.code) for fault in sheet.faults] == [(3, "value-error"), (4, "invalid-id")]


def test_every_plain_field_of_a_body_is_a_column() -> None:
    left_out = {"availability", "exceptions"}
    for kind in KINDS.values():
        fields = {str(column.path[0]) for column in columns_of(kind.body)}
        assert kind.body.model_fields.keys() - fields <= left_out, kind.name
