"""Agreements as they are shown: with the status that they have by the clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from shared.events.registry import AgreementDrafted, AgreementExpired
from shared.folds.record import Record
from shared.kernel.canonical import Json
from shared.kernel.times import format_time


def status_of(facts: Mapping[str, Json], ended: bool, expired: bool, now: datetime) -> str:
    """draft, signed (it has not begun), in-force, expired or ended. Times are text."""
    if ended:
        return "expired" if expired else "ended"
    if facts.get("signed_at") is None:
        return "draft"
    moment = format_time(now)
    if moment < str(facts["starts_at"]):
        return "signed"
    return "in-force" if moment < str(facts["ends_at"]) else "expired"


def with_status(said: Mapping[str, Json]) -> dict[str, Json]:
    """An agreement of the read model, which says nothing of why one expired: its time was over."""
    ended = "ended" in said
    shown = {name: value for name, value in said.items() if name != "ended" or value is not None}
    return {**shown, "status": status_of(said, ended, said.get("ended") is None, datetime.now(UTC))}


def changed(id: str, agreement: Record, now: datetime) -> dict[str, Json]:
    """What a call that changed an agreement answers with."""
    facts = agreement.facts
    assert isinstance(facts, AgreementDrafted)
    told: dict[str, Json] = facts.model_dump(mode="json")
    status = status_of(told, agreement.ended, isinstance(agreement.end, AgreementExpired), now)
    return {"id": id, "status": status, "starts_at": told["starts_at"], "ends_at": told["ends_at"]}
