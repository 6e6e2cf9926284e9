"""All event types by service and by name."""

from __future__ import annotations

from collections.abc import Mapping

from shared.events import audit, dispatch, notify, registry
from shared.events.details import DetailsErased, DetailsViewed
from shared.kernel.canonical import Json
from shared.kernel.event import Event


def _by_type(*models: type[Event]) -> dict[str, type[Event]]:
    return {model.type: model for model in models}


BY_SERVICE: Mapping[str, Mapping[str, type[Event]]] = {
    "registry": _by_type(
        registry.SigningKeyPublished,
        registry.SigningKeyRetired,
        registry.ClientRegistered,
        registry.ClientSecretRotated,
        registry.CommunitiesExtended,
        registry.ClientRevoked,
        registry.PersonAdmitted,
        registry.PersonDismissed,
        registry.PersonSignedIn,
        registry.AccessTokenRevoked,
        registry.PersonalTokenIssued,
        registry.PersonalTokenRevoked,
        registry.CommunityFounded,
        registry.CommunityAmended,
        registry.GridDefined,
        registry.GridAmended,
        registry.GridRetired,
        registry.FacilityOpened,
        registry.FacilityAmended,
        registry.FacilityClosed,
        registry.TeamFormed,
        registry.TeamAmended,
        registry.UnitRegistered,
        registry.UnitAmended,
        registry.UnitRetired,
        registry.SeatFilled,
        registry.SeatVacated,
        registry.AgreementDrafted,
        registry.AgreementAmended,
        registry.AgreementSigned,
        registry.AgreementRenewed,
        registry.AgreementRenewalDue,
        registry.AgreementExpired,
        registry.AgreementEnded,
        registry.ServicePublished,
        registry.ServiceAmended,
        registry.ServiceWithdrawn,
        registry.VolunteerRegistered,
        registry.VolunteerAmended,
        registry.VolunteerActivated,
        registry.TrainingRecorded,
        registry.TrainingRevoked,
        registry.VolunteerSuspended,
        registry.VolunteerResumed,
        registry.VolunteerLeft,
        registry.VolunteerErased,
        registry.ResidentRegistered,
        registry.ResidentAmended,
        registry.ResidentMovedAway,
        registry.ResidentErased,
        registry.ConsentGiven,
        registry.ConsentWithdrawn,
        registry.HoldPlaced,
        registry.HoldReleased,
        registry.ErasureRefused,
        registry.RecordAssured,
        registry.RecordStale,
        registry.RecordsMerged,
        registry.WorkingDayDeclared,
        registry.WorkingDayWithdrawn,
        DetailsViewed,
        DetailsErased,
    ),
    "dispatch": _by_type(
        *dispatch.REQUEST_EVENTS,
        dispatch.AttachmentAdded,
        dispatch.AttachmentRemoved,
        dispatch.DutyBooked,
        dispatch.DutyFreed,
        dispatch.CapacityDeclared,
        dispatch.CalendarFeedOpened,
        dispatch.CalendarFeedRevoked,
        dispatch.WorkHandedOver,
        DetailsViewed,
        DetailsErased,
    ),
    "notify": _by_type(
        notify.EndpointRegistered,
        notify.EndpointAmended,
        notify.EndpointSecretRotated,
        notify.EndpointPaused,
        notify.EndpointDisabled,
        notify.EndpointResumed,
        notify.EndpointRemoved,
        notify.DeliveryResent,
        notify.DeliveryCancelled,
        notify.DeliveriesRecovered,
        notify.DeliveriesAttempted,
        notify.NotificationDelivered,
        notify.NotificationFailed,
        notify.BulletinPublished,
        notify.BulletinRead,
        notify.BulletinWithdrawn,
        notify.ReportSubmitted,
        notify.ReportRead,
        DetailsViewed,
        DetailsErased,
    ),
    "audit": _by_type(audit.LogRead, audit.LogVerified, audit.SourceForked),
}
"""What each service speaks of."""

ALL: Mapping[str, type[Event]] = {
    name: model for models in BY_SERVICE.values() for name, model in models.items()
}


def decode(event_type: str, data: Mapping[str, Json]) -> Event | None:
    """The event that `data` says; None for a type that is not known here.

    Raises ValueError if the type is known and `data` is not one: then the log was altered.
    """
    model = ALL.get(event_type)
    return None if model is None else model.model_validate(data)
