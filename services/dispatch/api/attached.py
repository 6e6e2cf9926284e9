"""Which attachments a request has for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.events.dispatch import AttachmentAdded
from shared.events.index import decode
from shared.folds.attachments import FOLD
from shared.kernel.canonical import Json
from shared.kernel.commit import StoredEvent
from shared.runtime.access import Principal
from shared.runtime.sealed_files import SealedFiles


@dataclass(frozen=True, slots=True)
class Attached:
    """An attachment, and when it came."""

    facts: AttachmentAdded
    added_at: str

    def shown(self, kept: bool) -> dict[str, Json]:
        """For an answer. `kept` is whether its content is there."""
        facts = self.facts
        return {
            "id": facts.attachment,
            "kind": facts.kind,
            "media_type": facts.media_type,
            "size": facts.size,
            "visit": facts.visit,
            "added_at": self.added_at,
            "kept": kept,
        }


def attached(events: Sequence[StoredEvent], principal: Principal) -> list[Attached]:
    """Those that were not removed, oldest first, among the events of a request: for a unit's client those of
    the request itself and of its own visits, for a volunteer's those of its own visits."""
    decoded = [(decode(event.type, event.data), event.occurred_at) for event in events]
    there = {each.attachment for each in FOLD.over(said for said, _ in decoded if said is not None).there}
    return [
        Attached(said, at)
        for said, at in decoded
        if isinstance(said, AttachmentAdded) and said.attachment in there and _is_for(principal, said)
    ]


def _is_for(principal: Principal, said: AttachmentAdded) -> bool:
    if said.unit is None or said.volunteer is None:
        return principal.volunteer is None
    return principal.sees_work(said.volunteer, said.unit)


async def shown(found: Sequence[Attached], files: SealedFiles) -> list[Json]:
    """All of them, each with whether its content is there."""
    kept = await files.kept([each.facts.details for each in found])
    return [each.shown(each.facts.details in kept) for each in found]
