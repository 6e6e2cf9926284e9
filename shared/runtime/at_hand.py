"""What streams were after the last command on them, so that the next one need not read them again.

It may be behind: another process may have appended since. So it is good only for a commit that appends to the
very streams it was decided on, which the log refuses if they have moved; whatever else comes of a command is
decided again on what the log has. See `Executor.execute`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

LIMIT = 4_000


@dataclass(frozen=True, slots=True)
class Known:
    """A stream as of `version`: its state by `aggregate`, and when its first event occurred."""

    aggregate: object
    version: int
    began: str
    state: object


@dataclass(slots=True)
class AtHand:
    """Those of the streams that commands were decided on last; of others what `else_from` knows."""

    limit: int = LIMIT
    else_from: Callable[[str], Known | None] | None = None
    _known: OrderedDict[str, Known] = field(default_factory=OrderedDict)

    def of(self, stream: str, aggregate: object) -> Known | None:
        """What is known of `stream` by `aggregate`."""
        known = self._known.get(stream)
        if known is not None:
            self._known.move_to_end(stream)
        elif self.else_from is not None:
            known = self.else_from(stream)
        return known if known is not None and known.aggregate is aggregate else None

    def at(self, stream: str, version: int) -> object | None:
        """The state right after `version` of `stream`, if that is what is known."""
        known = self._known.get(stream)
        return known.state if known is not None and known.version == version else None

    def keep(self, stream: str, known: Known) -> None:
        """It is so now, unless something later is known."""
        before = self._known.get(stream)
        if before is None or before.version < known.version:
            self._known[stream] = known
            self._known.move_to_end(stream)
            if len(self._known) > self.limit:
                self._known.popitem(last=False)
