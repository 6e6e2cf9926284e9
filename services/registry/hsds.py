"""The catalogue in the words of HSDS 3.0, the Human Services Data Specification of Open Referral. Pure.

Its ids are UUIDs: each is made of ours (UUIDv5), which stands beside it as an attribute or an identifier.
Source: https://docs.openreferral.org, service, organization, schedule and attribute of release 3.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any
from uuid import UUID, uuid5

from shared.kernel.canonical import Json

Entry = Mapping[str, Any]

VERSION = "3.0"
PROFILE = "https://docs.openreferral.org/en/3.0/hsds/"
_NAMESPACE = UUID("5d2f4c0a-9c0e-5b1e-8f53-2f6c1b7a9e10")
_CHINA = 8
_EVERY_DAY = "MO,TU,WE,TH,FR,SA,SU"
_HOURS: Mapping[str, tuple[str, str, str]] = {
    "always": (_EVERY_DAY, "00:00+08:00", "23:59+08:00"),
    "extended": (_EVERY_DAY, "08:00+08:00", "20:00+08:00"),
    "office": ("MO,TU,WE,TH,FR", "08:30+08:00", "17:30+08:00"),
}
"""Working hours as days, opening and closing time."""


def uuid_of(id: str) -> str:
    """The UUID that stands for one of our ids."""
    return str(uuid5(_NAMESPACE, id))


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a list is asked for: `number` from 1, of `size` items each."""

    number: int
    size: int

    def of(self, items: Sequence[Json]) -> dict[str, Json]:
        """The page, with what HSDS says of it; one behind the last is empty."""
        pages = ceil(len(items) / self.size)
        start = (self.number - 1) * self.size
        contents = [*items[start : start + self.size]]
        return {
            "total_items": len(items),
            "total_pages": pages,
            "page_number": self.number,
            "size": len(contents),
            "first_page": self.number == 1,
            "last_page": self.number >= pages,
            "empty": not contents,
            "contents": contents,
        }


def is_public(entry: Entry) -> bool:
    """Whether anybody may read of a service."""
    return bool(entry["facts"].get("public", True))


def service(entry: Entry, units: Mapping[str, Entry], whole: bool) -> dict[str, Json]:
    """A service of the catalogue; the `whole` of it, or what a list says."""
    id, facts = str(entry["_id"]), entry["facts"]
    lead = str(facts["lead_unit"])
    said: dict[str, Json] = {
        "id": uuid_of(id),
        "organization_id": uuid_of(lead),
        "name": facts["name"]["zh"],
        "alternate_name": facts["name"]["en"],
        "status": "defunct" if entry["ended"] else "active",
        "assured_date": str(entry["assured_at"])[:10],
        **_eligibility(facts),
    }
    if whole:
        said["schedules"] = [_schedule(id, facts["working_hours"])]
        said["attributes"] = _attributes(id, facts)
        if lead in units:
            said["organization"] = organization(units[lead])
    return said


def organization(entry: Entry) -> dict[str, Json]:
    """A partner unit."""
    id, facts = str(entry["_id"]), entry["facts"]
    identifier: dict[str, Json] = {
        "id": uuid_of(f"{id} identifier"),
        "organization_id": uuid_of(id),
        "identifier_type": "linli",
        "identifier": id,
    }
    return {
        "id": uuid_of(id),
        "name": facts["name"],
        "description": f"{facts['kind']}, partner unit of the community {entry['community']}",
        "organization_identifiers": [identifier],
    }


def _eligibility(facts: Mapping[str, Any]) -> dict[str, Json]:
    tiers, circumstances = facts.get("eligible_tiers", ()), facts.get("eligible_circumstances", ())
    if not tiers and not circumstances:
        return {}
    return {"eligibility_description": f"for whoever is one of: {', '.join([*tiers, *circumstances])}"}


def _schedule(id: str, hours: str) -> dict[str, Json]:
    days, opens, closes = _HOURS[hours]
    return {
        "id": uuid_of(f"{id} schedule"),
        "service_id": uuid_of(id),
        "freq": "WEEKLY",
        "wkst": "MO",
        "byday": days,
        "opens_at": opens,
        "closes_at": closes,
        "timezone": _CHINA,
    }


def _attributes(id: str, facts: Mapping[str, Any]) -> list[Json]:
    """What HSDS has no field for: our own id, the category, the skills, the units that support it."""
    values = [
        ("linli-id", id),
        ("community-service-category", facts["category"]),
        ("response-minutes", str(facts["response_minutes"])),
        ("enters-home", str(facts["enters_home"]).lower()),
        *(("skill", skill) for skill in facts["skills"]),
        *(("training", course) for course in facts.get("training", ())),
        *(("supporting-unit", uuid_of(unit)) for unit in facts["supporting_units"]),
    ]
    return [
        {
            "id": uuid_of(f"{id} {label} {value}"),
            "link_id": uuid_of(id),
            "link_entity": "service",
            "label": label,
            "value": value,
        }
        for label, value in values
    ]
