"""The attachments of a request: what came, and whether it was removed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.events.dispatch import AttachmentAdded, AttachmentRemoved
from shared.kernel.decider import Fold
from shared.kernel.event import Event


@dataclass(frozen=True, slots=True)
class Attachments:
    """By id, in the order in which they came; `removed` those of them that are gone."""

    added: tuple[AttachmentAdded, ...] = ()
    removed: frozenset[str] = frozenset()

    def get(self, id: str) -> AttachmentAdded | None:
        """The one with this id, removed or not."""
        return next((each for each in self.added if each.attachment == id), None)

    @property
    def there(self) -> tuple[AttachmentAdded, ...]:
        """Those that were not removed."""
        return tuple(each for each in self.added if each.attachment not in self.removed)


def evolve(attachments: Attachments, event: Event) -> Attachments:
    """The attachments after `event`; other events of the request change nothing."""
    match event:
        case AttachmentAdded():
            return replace(attachments, added=(*attachments.added, event))
        case AttachmentRemoved(attachment=id):
            return replace(attachments, removed=attachments.removed | {id})
        case _:
            return attachments


FOLD: Fold[Attachments, Event] = Fold(Attachments(), evolve)
