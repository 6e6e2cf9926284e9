"""The rules of attachments: added, removed with a reason, so many at one time."""

from __future__ import annotations

from typing import Any

from services.dispatch.domain.attachments import ATTACHMENTS, MOST, Add, Remove
from shared.events.dispatch import AttachmentAdded, AttachmentRemoved
from shared.folds.attachments import FOLD
from tests.support.given import given

OF: dict[str, Any] = {
    "community": "shaba",
    "units": ("unit-health-centre", "unit-red-cross"),
    "service": "service-home-health-help",
    "category": "community-service",
    "grid": "shaba-03",
    "priority": "urgent",
}
VISITED: dict[str, Any] = {
    "visit": "request-1.visit-1",
    "volunteer": "volunteer-mei",
    "unit": "unit-health-centre",
}


def added(number: int = 1, **other: Any) -> AttachmentAdded:
    facts = {"kind": "photo", "media_type": "image/jpeg", "size": 7, "details": "d" * 64}
    return AttachmentAdded(**{**OF, "attachment": f"request-1.attachment-{number}", **facts, **other})


def removed(number: int = 1, **other: Any) -> AttachmentRemoved:
    facts = {"attachment": f"request-1.attachment-{number}", "reason": "added-by-mistake"}
    return AttachmentRemoved(**{**OF, **facts, **other})


REMOVE = Remove("request-1.attachment-1", "added-by-mistake")


def test_a_file_comes_to_a_request() -> None:
    given(ATTACHMENTS).when(Add(added())).then(added())


def test_what_is_removed_is_said_with_the_reason_and_the_visit_that_it_was_of() -> None:
    given(ATTACHMENTS, added(**VISITED)).when(REMOVE).then(removed(**VISITED))


def test_what_was_removed_is_not_removed_again() -> None:
    given(ATTACHMENTS, added(), removed()).when(REMOVE).then_nothing()


def test_what_is_not_there_is_not_removed() -> None:
    given(ATTACHMENTS, added(2)).when(REMOVE).refused("not-found")


def test_there_are_fifty_at_one_time_and_a_place_is_free_again() -> None:
    full = [added(number) for number in range(1, MOST + 1)]
    given(ATTACHMENTS, *full).when(Add(added(MOST + 1))).refused("too-many-attachments")
    given(ATTACHMENTS, *full, removed()).when(Add(added(MOST + 1))).then(added(MOST + 1))


def test_what_was_removed_is_known_and_no_longer_there() -> None:
    state = FOLD.over([added(), added(2), removed()])
    assert state.there == (added(2),)
    assert state.get("request-1.attachment-1") == added()
    assert state.get("request-1.attachment-3") is None
