"""Clients and personal tokens: new secrets with an overlap, expiry, and an end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.registry.domain.credential import CREDENTIAL, End, Extend, Register, Rotate
from shared.events.registry import (
    ClientRegistered,
    ClientRevoked,
    ClientSecretRotated,
    CommunitiesExtended,
    PersonalTokenIssued,
    PersonalTokenRevoked,
)
from tests.support.given import given

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
DAY = timedelta(days=1)
CLIENT = ClientRegistered(community="shaba", role="dispatcher", communities=("shaba",), details="a" * 64)
TOKEN = PersonalTokenIssued(
    community="shaba", owner="client-1", scopes=("dispatch:read",), expires_at=NOW + DAY, details="b" * 64
)
REVOKED = ClientRevoked(community="shaba")


def rotated(details: str, until: datetime) -> ClientSecretRotated:
    return ClientSecretRotated(community="shaba", details=details, earlier_until=until)


@pytest.mark.parametrize("facts", [CLIENT, TOKEN])
def test_it_is_put_on_record_once(facts: ClientRegistered | PersonalTokenIssued) -> None:
    given(CREDENTIAL).when(Register(facts, NOW)).then(facts)
    given(CREDENTIAL, facts).when(Register(facts, NOW)).refused("already-registered")


def test_what_is_over_at_its_beginning_is_refused() -> None:
    for facts in (
        CLIENT.model_copy(update={"expires_at": NOW}),
        TOKEN.model_copy(update={"expires_at": NOW}),
    ):
        given(CREDENTIAL).when(Register(facts, NOW)).refused("expiry-passed")


def test_a_personal_token_is_good_for_a_year_at_the_most() -> None:
    far = TOKEN.model_copy(update={"expires_at": NOW + timedelta(days=367)})
    given(CREDENTIAL).when(Register(far, NOW)).refused("expiry-too-far")
    client = CLIENT.model_copy(update={"expires_at": NOW + timedelta(days=3650)})
    given(CREDENTIAL).when(Register(client, NOW)).then(client)


def test_a_new_secret_leaves_the_earlier_one_its_overlap() -> None:
    event = rotated("c" * 64, NOW + DAY)
    given(CREDENTIAL, CLIENT).when(Rotate("c" * 64, DAY, NOW)).then(event)
    state = given(CREDENTIAL, CLIENT, event).state
    assert [one.details[0] for one in state.live(NOW)] == ["c", "a"]
    assert [one.details[0] for one in state.live(NOW + DAY - timedelta(milliseconds=1))] == ["c", "a"]
    assert [one.details[0] for one in state.live(NOW + DAY)] == ["c"]


def test_a_second_rotation_lengthens_nothing_and_one_without_overlap_ends_all() -> None:
    first, second = rotated("c" * 64, NOW + DAY), rotated("d" * 64, NOW + 7 * DAY)
    state = given(CREDENTIAL, CLIENT, first, second).state
    assert [one.details[0] for one in state.live(NOW + 2 * DAY)] == ["d", "c"]
    state = given(CREDENTIAL, CLIENT, first, second, rotated("e" * 64, NOW)).state
    assert [one.details[0] for one in state.live(NOW)] == ["e"]


def test_a_client_has_five_secrets_at_the_most() -> None:
    history = [rotated(str(n) * 64, NOW + DAY) for n in range(4)]
    given(CREDENTIAL, CLIENT, *history).when(Rotate("f" * 64, DAY, NOW)).refused("too-many-secrets")
    given(CREDENTIAL, CLIENT, *history).when(Rotate("f" * 64, timedelta(0), NOW)).then(rotated("f" * 64, NOW))
    later = NOW + 2 * DAY
    given(CREDENTIAL, CLIENT, *history).when(Rotate("f" * 64, DAY, later)).then(
        rotated("f" * 64, later + DAY)
    )


def test_it_ends_once_and_gets_no_secret_after_that() -> None:
    given(CREDENTIAL, CLIENT).when(End(REVOKED)).then(REVOKED)
    given(CREDENTIAL, CLIENT, REVOKED).when(End(REVOKED)).then_nothing()
    given(CREDENTIAL, CLIENT, REVOKED).when(Rotate("c" * 64, DAY, NOW)).refused("record-ended")
    gone = PersonalTokenRevoked(community="shaba")
    given(CREDENTIAL, TOKEN).when(End(gone)).then(gone)


def test_what_is_not_there_can_neither_end_nor_have_a_secret() -> None:
    given(CREDENTIAL).when(End(REVOKED)).refused("not-found")
    given(CREDENTIAL).when(Rotate("c" * 64, DAY, NOW)).refused("not-found")


def test_whoever_founds_a_community_is_for_it_too() -> None:
    both = CommunitiesExtended(community="shaba", communities=("shaba", "tangdan"))
    given(CREDENTIAL, CLIENT).when(Extend("tangdan")).then(both)
    given(CREDENTIAL, CLIENT, both).when(Extend("tangdan")).then_nothing()
    given(CREDENTIAL, CLIENT, both).when(Extend("shaba")).then_nothing()
    given(CREDENTIAL, CLIENT, REVOKED).when(Extend("tangdan")).refused("record-ended")
    given(CREDENTIAL).when(Extend("tangdan")).refused("not-found")
