"""The case as import files: `python -m deploy.case_files` writes `cases/shaba/*.csv` anew.

Units, services, seats and agreements are those of services/registry/case; facilities are those that the case
tells of; residents and volunteers are invented, and exist nowhere (deploy/demo/population.py).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from deploy.demo.population import population, volunteers
from services.registry.case.case import Case, load_case
from shared.kernel.times import format_time

FOLDER = Path(__file__).parents[1] / "cases" / "shaba"

Row = Mapping[str, str]

_DAILY = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_HOURS = ", ".join(f"{day} 08:30-17:30" for day in _DAILY)
_HOLDERS = ("陈建国", "赵敏", "李德明", "王秀兰", "张志强", "周晓燕", "普永兴", "马玉珍")
"""Invented holders of the seats, in their order."""


def files() -> dict[str, Sequence[Row]]:
    """The rows of each file, by its name."""
    case = load_case("shaba")
    return {
        "units": [{"id": unit.id, "name": unit.name.zh, "kind": unit.kind} for unit in case.units],
        "services": [_service(case, place) for place in range(len(case.services))],
        "facilities": _facilities(),
        "seats": _seats(case),
        "agreements": [_agreement(case, unit.id) for unit in case.units],
        "volunteers": _volunteers(),
        "residents": _residents(),
    }


def text(rows: Sequence[Row]) -> str:
    """The rows as CSV, with a header."""
    found = io.StringIO()
    writer = csv.DictWriter(found, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return found.getvalue()


def _service(case: Case, place: int) -> Row:
    service = case.services[place]
    return {
        "id": service.id,
        "name_zh": service.name.zh,
        "name_en": service.name.en,
        "category": service.category,
        "lead_unit": service.lead_unit,
        "supporting_units": _list(service.supporting_units),
        "response_minutes": str(service.response_minutes),
        "working_hours": service.working_hours,
        "skills": _list(service.skills),
        "enters_home": "true" if service.enters_home else "false",
    }


def _facilities() -> list[Row]:
    care, hall = "unit-elder-care-centre", "unit-community-office"
    return [
        {
            "id": "facility-elder-care-centre",
            "name_zh": "沙坝社区居家养老服务中心",
            "name_en": "Shaba Home Care Centre",
            "kind": "elder-care",
            "grid": "shaba-01",
            "keeper": care,
            "rooms": _list(
                f"{room}|{_HOURS}"
                for room in (
                    "rehabilitation|康复室|Rehabilitation room|8",
                    "massage|按摩室|Massage room|4",
                    "recreation|娱乐室|Recreation room|40",
                )
            ),
        },
        {
            "id": "facility-party-and-mass-activity-centre",
            "name_zh": "沙坝社区党群活动中心",
            "name_en": "Shaba Party and Community Activity Centre",
            "kind": "activity-centre",
            "grid": "shaba-01",
            "keeper": hall,
            "rooms": _list(
                f"{room}|{_HOURS}"
                for room in ("hall|多功能厅|Hall|120", "mediation|人民调解室|Mediation room|12")
            ),
        },
    ]


def _seats(case: Case) -> list[Row]:
    starts, ends = _term(case)
    return [
        {
            "seat": seat.seat,
            "number": seat.id.rpartition("-")[2],
            "unit": seat.unit,
            "holder_name": holder,
            "starts_at": starts,
            "ends_at": ends,
        }
        for seat, holder in zip(case.committee, _HOLDERS, strict=True)
    ]


def _agreement(case: Case, unit: str) -> Row:
    starts, ends = _term(case)
    services = _list(sorted(service.id for service in case.services if unit in service.units))
    return {
        "id": f"agreement-{unit.removeprefix('unit-')}",
        "unit": unit,
        "services": services,
        "details_of": services,
        "starts_at": starts,
        "ends_at": ends,
        "signed_at": starts,
    }


def _term(case: Case) -> tuple[str, str]:
    return format_time(case.agreements.starts_at), format_time(case.agreements.ends_at)


def _volunteers() -> list[Row]:
    return [
        {
            "name": person.name,
            "phone": person.phone,
            "unit": person.unit,
            "team": person.team,
            "skills": _list(person.skills),
            "languages": _list(person.languages),
        }
        for person in volunteers()
    ]


def _residents() -> list[Row]:
    return [
        {
            "name": person.name,
            "phone": person.phone,
            "address": person.address,
            "grid": person.grid,
            "tier": person.tier,
            "flags": _list(person.flags),
            "languages": person.language,
            "confirmed": "true",
        }
        for person in population()
    ]


def _list(items: Iterable[str]) -> str:
    return ";".join(items)


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, rows in files().items():
        (FOLDER / f"{name}.csv").write_text(text(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
