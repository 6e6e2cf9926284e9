"""What dispatch's refusals tell a person: what is wrong, and what to do about it."""

from __future__ import annotations

ANOTHER_REQUEST = "another request has this id already; take this one in under an id of its own"
TRIAGED = "the request was triaged with another priority, which stays; read the request to see it"
NOT_TRIAGED = "the request is not triaged yet; triage it first"
SLOT_OVER = "the slot is over already; choose one that ends after now"
SLOT_TAKEN = "somebody is placed on the request for a part of that time; choose another slot"
NOT_FREE = "the volunteer has the duty `conflict` at that time; choose another time, or another volunteer"
NOT_PLACED = "the volunteer is not placed on this request; place the volunteer on it first"
VISIT_OVER = "the visit is over, too late to check in; schedule another one if there is more to do"
OTHER_VOLUNTEER = "`on_behalf_of` is not the volunteer of this visit; name that one, or leave it out"
NO_REASON = "a manual check-in needs a reason; send one"
OTHER_OUTCOME = "the visit was completed with another outcome, which stays; read the request to see it"
NOT_CHECKED_IN = "nobody has checked in at this visit yet; check in first"
BACKWARD = "the visit would end before it starts; correct the times"
AHEAD = "a time lies ahead of now and of the visit's slot; correct it, or send it when it has come"
LONG_BEFORE = "a time lies over a day before the request and the visit's slot; correct it"

_LOOK = "look it up in registry; if it is new, send what Linli-Position said of it as Linli-After"
UNKNOWN_SERVICE = f"dispatch knows no service of your community with this id: {_LOOK}"
UNKNOWN_VOLUNTEER = f"dispatch knows no volunteer with this id: {_LOOK}"
UNKNOWN_RESIDENT = f"dispatch knows no resident with this id: {_LOOK}"
VOLUNTEER_SUSPENDED = "the volunteer is suspended; choose another, or have the suspension ended in registry"
VOLUNTEER_NOT_ACTIVE = "the volunteer is invited only; activate the volunteer in registry, or choose another"
SERVICE_WITHDRAWN = "the service was withdrawn from the catalogue; choose another that registry lists"
GRID_RETIRED = "the grid is in use no longer; choose another that registry lists"
UNKNOWN_GRID = f"dispatch knows no grid with this code: {_LOOK}"
CONSENT_WITHDRAWN = (
    "the resident has withdrawn consent to keeping what is said and where somebody was; leave out `text` and "
    "`position`, or put a new consent on record in registry"
)
DETAILS_NOT_AGREED = (
    "your unit's agreement in force does not let it see personal details of this service; the community "
    "office can agree on it with your unit"
)
