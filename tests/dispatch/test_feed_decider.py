"""The address of a calendar: given, given anew, revoked."""

from __future__ import annotations

from services.dispatch.domain.feeds import FEED, OpenFeed, RevokeFeed
from shared.events.dispatch import CalendarFeedOpened, CalendarFeedRevoked
from tests.support.given import given
from tests.support.story import DIGEST

OF = {"community": "shaba", "units": ("unit-health-centre",), "unit": "unit-health-centre"}
REVOKED = CalendarFeedRevoked.model_validate({**OF, "volunteer": "volunteer-mei"})


def opened(details: str = DIGEST, by_unit: bool = True) -> CalendarFeedOpened:
    facts = {**OF, "volunteer": "volunteer-mei", "by_unit": by_unit, "details": details}
    return CalendarFeedOpened.model_validate(facts)


def test_an_address_is_given() -> None:
    given(FEED).when(OpenFeed(opened())).then(opened())


def test_another_takes_the_place_of_the_first() -> None:
    another = opened("e" * 64, by_unit=False)
    given(FEED, opened()).when(OpenFeed(another)).then(another)
    feed = FEED.fold.over([opened(), another])
    assert (feed.details, feed.by_unit, feed.volunteer) == ("e" * 64, False, "volunteer-mei")


def test_one_is_revoked_once() -> None:
    given(FEED, opened()).when(RevokeFeed(REVOKED)).then(REVOKED)
    given(FEED, opened(), REVOKED).when(RevokeFeed(REVOKED)).then()
    given(FEED).when(RevokeFeed(REVOKED)).then()
    assert FEED.fold.over([opened(), REVOKED]).details is None


def test_after_a_revocation_it_can_be_given_again() -> None:
    given(FEED, opened(), REVOKED).when(OpenFeed(opened("e" * 64))).then(opened("e" * 64))
