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
NOT_OPEN = (
    "the request is referred, on hold, or over, as its `status` says; resume one on hold, reopen one that "
    "was resolved, take a new one in for any other"
)
RESIDENT_KNOWN = "the request is of another resident already; take a new one in for this one"
ITSELF = "a request cannot be a duplicate of itself; name another one as `into`"
TARGET_IS_DUPLICATE = "that request is itself a duplicate, of `target`; name that one as `into`"
OTHER_COMMUNITY = "the two requests are of different communities; merge those of one community"
ALREADY_VISITED = "somebody has been there already; resolve the request instead"
UNDER_WAY = "somebody is there at this moment; have the visit completed first"
EXPIRY_OUT_OF_RANGE = "an offer ends after now and before its slot does; choose such a time"
OFFER_OVER = (
    "it is no open offer any more; read the request to see what became of it, release whoever is placed"
)
OFFER_OPEN = (
    "a volunteer is being asked, as `assignments` of the request say; wait for the answer, or decline for it"
)
NOT_ACTIVE = "the volunteer is not placed by this assignment any more; read the request to see who is"
PLACED = "a volunteer is placed on the request; release the volunteer first"
NOT_SCHEDULED = "the visit took place, or was cancelled; schedule another one"
CANCELLED = "the visit was cancelled; schedule another one"
MISSED = "the visit was missed, and that time is after its window; schedule another one"
NOT_COMPLETED = "the visit is not completed yet; complete it, then it can be corrected"
VISIT_OPEN = "a visit is planned, or under way; complete or cancel it first"
ON_HOLD = "the request is on hold for another reason, which stays; resume it first"
HOLD_OUT_OF_RANGE = "a request is on hold until a time after now, within 90 days; choose such a time"
RESOLVED = "the request was resolved with another outcome, which stays; reopen it to change that"
NOT_RESOLVED = "the request was not resolved; resolve it if it is open, take a new one in if it is over"
RATED = "the request was rated otherwise, which stays; read the request to see it"
IS_DUPLICATE = "the request is a duplicate of `target`; reopen that one"
WINDOW_OVER = "the time to reopen the request is over; take a new one in"
WINDOW_OPEN = "the request can be reopened yet and is not rated; rate it, or wait until `reopen_until`"
RESPONSIBLE = "the unit is responsible for the request already; refer it to another"
TO_ITSELF_REFERRED = "a unit refers a request to another unit; the community office can entrust it to yours"
UNIT_FULL = "the unit has declared that it can take on no more of this service; choose another unit"
WAITING_LIST = "the unit has a waiting list; send `waitlist` as true if that will do, or choose another unit"
REFERRAL_OUT_OF_RANGE = "a referral ends after now and within 14 days; choose such a time"
REFERRAL_OVER = "the referral holds no longer; read the request to see what became of it"
NOT_IN_CHARGE = (
    "your unit has not taken this request over; the community office, or the unit that has, can do it"
)
NEEDS_COORDINATE = "this needs the scope dispatch:coordinate, which the token does not have"
TO_ITSELF = (
    "work is handed over from one to another of the same kind; name two volunteers, or two of the staff"
)
NO_AGREEMENT = "no agreement in force with that unit covers this service; choose another unit"
BACKWARD = "the visit would end before it starts; correct the times"
AHEAD = "a time lies ahead of now; correct it, or send it when it has come"
LONG_BEFORE = "a time lies over a day before the request; correct it"
TRAINING_MISSING = (
    "the service asks for trainings that the volunteer has not, `courses`; choose another volunteer, or "
    "record them in registry"
)
TRAINING_EXPIRED = (
    "trainings of the volunteer, `courses`, are not valid at that time; choose another volunteer, or have "
    "them renewed in registry"
)
LOAD_CAP_REACHED = (
    "the volunteer has `load` duties in that week and wants `cap` at the most; choose another week, or "
    "another volunteer"
)
MATCHING_OFF = (
    "volunteers are not proposed for this service; choose one yourself, or have its `matching` amended in "
    "registry"
)
DETAILS_NOT_YOURS = (
    "a volunteer reads them for the purpose `service`, while placed on the request and until a day after the "
    "slot; ask your unit, or the community office"
)
VISITS_ALONE = "a volunteer attaches files to its own visits; name one as `visit`"
STAFF_CHOICES = (
    "only staff can choose by `team` or `coordinator`, and no volunteer by `alarm`; leave them out"
)

_LOOK = "look it up in registry; if it is new, send what Linli-Position said of it as Linli-After"
UNKNOWN_SERVICE = f"dispatch knows no service of your community with this id: {_LOOK}"
UNKNOWN_VOLUNTEER = f"dispatch knows no volunteer with this id: {_LOOK}"
UNKNOWN_UNIT = f"dispatch knows no unit of that community with this id: {_LOOK}"
UNKNOWN_STAFF = f"dispatch knows nobody of the staff of that community with this id: {_LOOK}"
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
