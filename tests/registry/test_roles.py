"""What each role may do: no more than its work needs, and nothing that nobody knows."""

from __future__ import annotations

from typing import get_args

import pytest

from services.registry.domain.roles import SCOPES, granted, own_scopes, require_yours
from shared.events.registry import Role
from shared.kernel.decider import Refused
from shared.runtime.access import SCOPES as KNOWN

ROLES: tuple[Role, ...] = get_args(Role)


def test_every_role_has_scopes() -> None:
    assert set(SCOPES) == set(ROLES)
    assert all(SCOPES.values())


def test_a_volunteer_has_what_its_unit_has_in_dispatch_and_no_more() -> None:
    assert SCOPES["volunteer"] == {"dispatch:read", "dispatch:write", "details:read", "notify:read"}
    assert SCOPES["volunteer"] < SCOPES["unit"]


def test_every_scope_that_is_known_is_granted_to_somebody() -> None:
    assert set().union(*SCOPES.values()) == set(KNOWN)


@pytest.mark.parametrize("role", ROLES)
def test_only_scopes_that_are_known_are_granted(role: Role) -> None:
    assert granted(SCOPES[role], None) <= set(KNOWN)


def test_an_administrator_may_do_everything() -> None:
    assert SCOPES["admin"] == set(KNOWN)


def test_a_unit_sees_no_audit_and_no_resident_and_coordinates_nothing() -> None:
    # details:read: of its own unit, and of requests as its agreement says, whatever the token says.
    assert SCOPES["unit"] == {
        *("registry:read", "details:read", "dispatch:read", "dispatch:write"),
        *("notify:read", "notify:write", "events:read", "bulletins:read", "bulletins:answer"),
    }
    assert not {"audit:read", "residents:read", "dispatch:coordinate"} & SCOPES["unit"]


def test_an_auditor_changes_nothing_and_sees_no_person() -> None:
    assert all(scope.endswith(":read") for scope in SCOPES["auditor"])
    assert not {"details:read", "residents:read"} & SCOPES["auditor"]


def test_a_service_reads_events_and_nothing_else() -> None:
    assert SCOPES["service"] == {"events:read"}


@pytest.mark.parametrize("scope", ["registry:admin", "registry:introspect", "operate"])
def test_only_an_administrator_administers(scope: str) -> None:
    assert [role for role in ROLES if scope in SCOPES[role]] == ["admin"]


@pytest.mark.parametrize("scope", ["residents:read", "dispatch:coordinate"])
def test_only_staff_see_residents_and_coordinate(scope: str) -> None:
    assert {role for role in ROLES if scope in SCOPES[role]} == {"admin", "dispatcher"}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, SCOPES["unit"]),
        ("", SCOPES["unit"]),
        ("dispatch:read", {"dispatch:read"}),
        ("dispatch:read  notify:read", {"dispatch:read", "notify:read"}),
        ("dispatch:read registry:admin", {"dispatch:read"}),
        ("registry:admin", set()),
        ("nonsense", set()),
    ],
)
def test_who_asks_for_less_gets_less_and_nobody_gets_more(asked: str | None, expected: set[str]) -> None:
    assert granted(SCOPES["unit"], asked) == expected


def test_a_client_has_its_roles_scopes_or_those_it_was_narrowed_to() -> None:
    assert own_scopes("unit", None) == SCOPES["unit"]
    assert own_scopes("unit", ["dispatch:read"]) == {"dispatch:read"}
    assert own_scopes("unit", ["dispatch:read", "registry:admin"]) == {"dispatch:read"}


@pytest.mark.parametrize(
    ("wanted", "role", "yours"),
    [
        ({"registry:admin"}, "dispatcher", SCOPES["admin"]),
        ({"nonsense"}, "admin", SCOPES["admin"]),
        (SCOPES["admin"], "admin", {"registry:admin"}),
        ({"dispatch:read"}, "dispatcher", {"registry:admin"}),
    ],
)
def test_nobody_gives_away_more_than_the_role_or_oneself_has(
    wanted: set[str], role: Role, yours: set[str]
) -> None:
    with pytest.raises(Refused) as refused:
        require_yours(frozenset(wanted), role, frozenset(yours))
    assert refused.value.code == "scope-not-yours"


def test_what_one_has_one_can_give_away() -> None:
    require_yours(frozenset({"dispatch:read"}), "unit", frozenset({"dispatch:read", "registry:admin"}))
