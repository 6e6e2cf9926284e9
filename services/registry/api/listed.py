"""People in lists: found by sealed details, and shown with most of their name and telephone hidden."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from fastapi import Request, Response

from services.registry.api.lists import RecordsPage, communities_of, items_of
from services.registry.entries import Entry, has, shown
from services.registry.standing import judged
from services.registry.views import Records
from shared.kernel.canonical import Json
from shared.kernel.masks import mask_name, mask_telephone
from shared.kernel.terms import likeness_terms, search_terms
from shared.kernel.times import format_time
from shared.runtime.access import Principal
from shared.runtime.http.paging import page_response
from shared.runtime.http.problems import Problem
from shared.runtime.sealed import Listing
from shared.runtime.service import Service

Only = Mapping[str, str | None]

NEEDS_DETAILS = "looking for people by name or telephone needs the scope details:read, which the token lacks"


def listing(kind: str, community: str, place: str, content: Mapping[str, Json]) -> Listing:
    """By what the person with this sealed content is found; `place` is the grid or the unit that two entries
    of one person are likely to share."""
    name = str(content["name"])
    phones, addresses = _texts(content.get("phone")), _texts(content.get("address"))
    found = search_terms([name], phones, addresses)
    return Listing(community, kind, [*found, *likeness(content, place)])


def likeness(content: Mapping[str, Json], place: str) -> tuple[str, ...]:
    """What two entries of the person with this sealed content are likely to have in common."""
    phones, addresses = _texts(content.get("phone")), _texts(content.get("address"))
    return likeness_terms(str(content["name"]), phones, addresses, place)


def _texts(value: Json) -> list[str]:
    return [value] if isinstance(value, str) else []


async def people_page(
    request: Request,
    principal: Principal,
    kind: str,
    page: RecordsPage,
    wanted: Sequence[Collection[str]],
    only: Only,
) -> Response:
    """A page of people with masks: of all, or of those who have a term of every set in `wanted`."""
    if wanted:
        # By guesses a mask could be undone.
        if "details:read" not in principal.scopes:
            raise Problem(403, "insufficient-scope", NEEDS_DETAILS)
        entries, following = await _sought(request, principal, kind, page, wanted, only)
        items = [said for said in map(shown, entries) if said is not None]
    else:
        items, following = await items_of(request, principal, kind, page, only)
        entries = list((await _records(request).of([str(item["id"]) for item in items])).values())
    if kind == "volunteer":
        items = [judged_now(item) for item in items]
    return page_response(request, await _masked(request, items, entries), following)


async def _sought(
    request: Request,
    principal: Principal,
    kind: str,
    page: RecordsPage,
    wanted: Sequence[Collection[str]],
    only: Only,
) -> tuple[list[Entry], str | None]:
    after = page.after()
    if after is not None and not after.startswith(f"{kind}-"):
        raise Problem(400, "invalid-cursor", "this is no cursor of this search; send what `next` said")
    service: Service = request.app.state.service
    communities = communities_of(principal, page)
    found = await service.sealed.search(wanted, communities, kind, page.limit + 1, after)
    following = found[page.limit - 1].subject if len(found) > page.limit else None
    entries = await _records(request).of([each.subject for each in found[: page.limit]])
    living = [
        entries[each.subject]
        for each in found[: page.limit]
        # Older details are found for a moment longer: only those in force count.
        if each.subject in entries and entries[each.subject].get("details") in each.digests
    ]
    return [entry for entry in living if _fits(entry, communities, page.stale, only)], following


def _fits(entry: Entry, communities: Collection[str], stale: bool | None, only: Only) -> bool:
    if entry["ended"] or entry["community"] not in communities or stale not in (None, entry["stale"]):
        return False
    now = _now()
    return all(has(entry, name, value, now) for name, value in only.items() if value is not None)


def judged_now(item: Mapping[str, Json]) -> dict[str, Json]:
    """A volunteer as it is shown, with each training `valid` now or not."""
    return judged(item, _now())


def _now() -> str:
    return format_time(datetime.now(UTC))


async def _masked(
    request: Request, items: Sequence[dict[str, Json]], entries: Sequence[Entry]
) -> list[dict[str, Json]]:
    """The items, with masks of what is kept sealed; without for whoever was erased meanwhile."""
    service: Service = request.app.state.service
    digests = {str(entry["_id"]): entry.get("details") for entry in entries}
    contents = await service.sealed.read_many([digest for digest in digests.values() if digest is not None])
    return [{**item, **_masks(contents.get(digests.get(str(item["id"])) or "", {}))} for item in items]


def _masks(content: Mapping[str, Json]) -> dict[str, Json]:
    masks = {"name": mask_name, "phone": mask_telephone}
    told = {name: content.get(name) for name in masks}
    return {name: masks[name](text) for name, text in told.items() if isinstance(text, str)}


def _records(request: Request) -> Records:
    records: Records = request.app.state.records
    return records
