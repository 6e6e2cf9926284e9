"""Who calls, as every route is told."""

from __future__ import annotations

from dataclasses import dataclass

from shared.runtime.claims import Claims


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: a client with a role, its communities, its unit if it is a unit's client, and its volunteer
    besides if it is a volunteer's.

    `credential` is what the token was asked for with: the client itself, or a personal token of its own;
    `token` the id (`jti`) of the access token, `issued` when it was made, in seconds since 1970.
    """

    client: str
    role: str
    scopes: frozenset[str]
    communities: frozenset[str]
    unit: str | None = None
    credential: str = ""
    token: str = ""
    issued: int = 0
    volunteer: str | None = None

    def sees(self, units: tuple[str, ...] | frozenset[str]) -> bool:
        """Whether something that concerns `units` may be shown: a unit sees what names it, staff all, and a
        volunteer nothing by its unit."""
        return self.volunteer is None and (self.unit is None or self.unit in units)

    def sees_work(self, volunteer: str, unit: str) -> bool:
        """Whether what `volunteer` does for `unit` may be shown: a volunteer sees its own."""
        return volunteer == self.volunteer if self.volunteer is not None else self.sees((unit,))


def principal_of(claims: Claims) -> Principal:
    """The caller that a good token says."""
    return Principal(
        client=claims.subject,
        role=claims.role,
        scopes=claims.scopes,
        communities=claims.communities,
        unit=claims.unit,
        credential=claims.client,
        token=claims.id,
        issued=claims.issued,
        volunteer=claims.volunteer,
    )
