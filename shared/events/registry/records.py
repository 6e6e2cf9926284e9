"""The events that a thing of any kind can have: confirmed, gone stale, merged."""

from __future__ import annotations

from typing import ClassVar

from shared.kernel.event import Event, Partners
from shared.kernel.times import Time


class RecordAssured(Event):
    """Somebody looked, and what is on record is so."""

    type: ClassVar[str] = "record-assured"

    at: Time


class RecordStale(Partners):
    """Nobody has confirmed a record for 90 days, since `since`.

    `keeper` is who should: a unit's id for what is the unit's own, else the community's, for its office.
    """

    type: ClassVar[str] = "record-stale"

    keeper: str
    since: Time


class RecordsMerged(Event):
    """Two records were of one thing. The one that goes says `into` which; the one that stays, `absorbed`.

    Both are in one commit, each on its own stream, and both histories are kept.
    """

    type: ClassVar[str] = "records-merged"

    into: str | None = None
    absorbed: str | None = None
