"""The events of notify: where units are told, and what reached them."""

from __future__ import annotations

from shared.events.notify.bulletins import (
    BulletinPublished,
    BulletinRead,
    BulletinWithdrawn,
    ReportRead,
    ReportSubmitted,
    WithdrawnFor,
)
from shared.events.notify.endpoints import (
    DeliveriesRecovered,
    DeliveryCancelled,
    DeliveryResent,
    EndpointAmended,
    EndpointDisabled,
    EndpointPaused,
    EndpointRegistered,
    EndpointRemoved,
    EndpointResumed,
    EndpointSecretRotated,
)
from shared.events.notify.outcomes import (
    Attempted,
    DeliveriesAttempted,
    DeliveryOutcome,
    Failed,
    NotificationDelivered,
    NotificationFailed,
)
from shared.events.notify.terms import (
    Backlog,
    Channel,
    DisabledFor,
    Format,
    Language,
    Outcome,
    Signature,
)

__all__ = [
    "Attempted",
    "Backlog",
    "BulletinPublished",
    "BulletinRead",
    "BulletinWithdrawn",
    "Channel",
    "DeliveriesAttempted",
    "DeliveriesRecovered",
    "DeliveryCancelled",
    "DeliveryOutcome",
    "DeliveryResent",
    "DisabledFor",
    "EndpointAmended",
    "EndpointDisabled",
    "EndpointPaused",
    "EndpointRegistered",
    "EndpointRemoved",
    "EndpointResumed",
    "EndpointSecretRotated",
    "Failed",
    "Format",
    "Language",
    "NotificationDelivered",
    "NotificationFailed",
    "Outcome",
    "ReportRead",
    "ReportSubmitted",
    "Signature",
    "WithdrawnFor",
]
