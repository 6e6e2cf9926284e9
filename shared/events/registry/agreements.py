"""The events of co-build agreements: what a partner unit takes on, and what it is let see for that."""

from __future__ import annotations

from typing import ClassVar

from shared.events.registry.terms import Amendment, Ending, Reason
from shared.kernel.event import Partners
from shared.kernel.times import Time


class AgreementDrafted(Partners):
    """An agreement with a unit is being drawn up; nothing holds by it yet.

    `services` are those of the catalogue that it covers. `details_of` are those of them of whose requests the
    unit may see the personal details. It is to hold from `starts_at` up to, and without, `ends_at`.
    `signed_at` and `details` are told by later events.
    """

    type: ClassVar[str] = "agreement-drafted"

    unit: str
    services: tuple[str, ...]
    details_of: tuple[str, ...]
    starts_at: Time
    ends_at: Time
    signed_at: Time | None = None
    details: str | None = None


class AgreementAmended(Amendment, Partners):
    """A draft says something else."""

    type: ClassVar[str] = "agreement-amended"

    services: tuple[str, ...] | None = None
    details_of: tuple[str, ...] | None = None
    starts_at: Time | None = None
    ends_at: Time | None = None


class AgreementSigned(Amendment, Partners):
    """An agreement was signed, with all that it says: the unit's clients may come in while it is in force.

    Who signed is a sealed detail.
    """

    type: ClassVar[str] = "agreement-signed"

    unit: str
    services: tuple[str, ...]
    details_of: tuple[str, ...]
    starts_at: Time
    ends_at: Time
    signed_at: Time
    details: str | None = None


class AgreementRenewed(Amendment, Partners):
    """An agreement holds for longer, as it stands: up to `ends_at`."""

    type: ClassVar[str] = "agreement-renewed"

    unit: str
    ends_at: Time


class AgreementRenewalDue(Partners):
    """An agreement ends in 30 days, or less if it was signed later than that."""

    type: ClassVar[str] = "agreement-renewal-due"

    unit: str
    ends_at: Time


class AgreementExpired(Ending, Partners):
    """An agreement's time is over. It held no longer from its `ends_at` on, whenever this was recorded."""

    type: ClassVar[str] = "agreement-expired"

    unit: str
    ends_at: Time


class AgreementEnded(Ending, Partners):
    """An agreement was ended before its time, or a draft given up; it does not hold from now on."""

    type: ClassVar[str] = "agreement-ended"

    unit: str
    reason: Reason
