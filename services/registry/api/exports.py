"""What is on record, as tables: what an import of them takes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response, Security
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict

from services.registry.api import table_shapes
from services.registry.api.imports import context_of
from services.registry.api.lists import own_log_heard
from services.registry.entries import Entry
from services.registry.imports.kind import Kind
from services.registry.imports.kinds import KINDS
from services.registry.imports.table import BOM, written
from services.registry.views import Asked, Records, number_of
from shared.events.details import DetailsViewed, Purpose
from shared.kernel.commit import Answer
from shared.kernel.decider import Refused
from shared.runtime.access import Principal, bearer
from shared.runtime.execute import Transaction
from shared.runtime.http.bodies import Code
from shared.runtime.http.details import READINGS
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route
from shared.runtime.ids import new_id
from shared.runtime.service import Service

router = APIRouter(prefix="/v1", tags=["tables"], route_class=Route)

PAGE = 200
COMMIT = 25
"""Readings of one commit; their rows leave after it."""


class ExportQuery(BaseModel):
    """Of which community, and how it is written."""

    model_config = ConfigDict(extra="forbid")

    community: Code | None = None
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    bom: bool = True


class DetailsQuery(ExportQuery):
    """What the readings are for besides; it goes on record."""

    purpose: Purpose


class CsvResponse(StreamingResponse):
    """A table that is sent as it is read."""

    media_type = table_shapes.CSV


@dataclass(frozen=True, slots=True)
class Export:
    """One table on its way out; with `purpose` if it has what is kept sealed."""

    kind: Kind
    request: Request
    principal: Principal
    communities: frozenset[str]
    purpose: Purpose | None

    async def rows(self) -> AsyncIterator[list[list[str]]]:
        """The header, then the things in the order in which they came on record, some at a time."""
        yield [["id", *(column.name for column in self.kind.shown)]]
        records: Records = self.request.app.state.records
        asked, after = Asked(self.kind.prefix, self.communities), 0
        while True:
            items, following = await records.page(asked, after, PAGE)
            entries = await records.of([str(item["id"]) for item in items])
            some = [entries[str(item["id"])] for item in items if str(item["id"]) in entries]
            for start in range(0, len(some), COMMIT):
                yield await self._shown(some[start : start + COMMIT])
            if following is None:
                return
            after = number_of(following)

    async def _shown(self, entries: Sequence[Entry]) -> list[list[str]]:
        service: Service = self.request.app.state.service
        digests = [entry["details"] for entry in entries if entry.get("details") is not None]
        contents = await service.sealed.read_many(digests) if self.purpose is not None else {}
        # Who was erased meanwhile is left out.
        left = [each for each in entries if each.get("details") is None or each["details"] in contents]
        if self.purpose is not None:
            await self._record([each for each in left if each.get("details") is not None], self.purpose)
        rows = []
        for entry in left:
            content = contents.get(str(entry.get("details")), {})
            rows.append(
                [entry["_id"], *self.kind.cells(entry["community"], entry["facts"], content).values()]
            )
        return rows

    async def _record(self, entries: Sequence[Entry], purpose: Purpose) -> None:
        if not entries:
            return
        service: Service = self.request.app.state.service

        async def work(transaction: Transaction) -> Answer:
            for entry in entries:
                viewed = DetailsViewed(
                    community=entry["community"], subject=entry["_id"], purpose=purpose, count=1
                )
                await transaction.begin(READINGS, new_id("access"), viewed)
            return Answer(200, {})

        await service.executor.execute(context_of(self.request, self.principal), work)


async def _export(
    kind: Kind, request: Request, principal: Principal, query: ExportQuery, purpose: Purpose | None
) -> Response:
    if principal.unit is not None:
        raise Refused("staff-only", "tables are for staff; a unit's system reads the lists")
    if query.community is not None and query.community not in principal.communities:
        raise not_found()
    await own_log_heard(request)
    communities = principal.communities if query.community is None else frozenset({query.community})
    export = Export(kind, request, principal, communities, purpose)
    headers = {
        "Content-Disposition": f'attachment; filename="{kind.name}.csv"',
        "Cache-Control": "no-store",
        "Content-Type": f"{table_shapes.CSV}; charset={query.encoding}",
    }
    return CsvResponse(_encoded(export.rows(), query), headers=headers)


async def _encoded(some: AsyncIterator[list[list[str]]], query: ExportQuery) -> AsyncIterator[bytes]:
    if query.bom and query.encoding == "utf-8":
        yield BOM.encode()
    async for rows in some:
        yield written(rows).encode(query.encoding)


def _route_of(kind: Kind, scopes: list[str]) -> Callable[..., Awaitable[Response]]:
    caller = Annotated[Principal, Security(bearer, scopes=scopes)]

    async def public(
        request: Request,
        query: Annotated[ExportQuery, Query()],
        principal: caller,
    ) -> Response:
        return await _export(kind, request, principal, query, None)

    async def sealed(
        request: Request,
        query: Annotated[DetailsQuery, Query()],
        principal: caller,
    ) -> Response:
        return await _export(kind, request, principal, query, query.purpose)

    route = sealed if "details:read" in scopes else public
    route.__name__ = f"export_{kind.name}"
    route.__doc__ = (
        "All that are on record and have not ended, as CSV with `id`: UTF-8 with a byte order mark, unless "
        "`encoding` or `bom` say otherwise. 403 `staff-only` for a unit's client, 404 for another community."
        + (" Each reading is recorded as `details-viewed` before its row leaves." if route is sealed else "")
    )
    return route


SCOPES: dict[str, list[str]] = {
    "units": ["registry:read", "details:read"],
    "volunteers": ["registry:read", "details:read"],
    "residents": ["residents:read", "details:read"],
    "services": ["registry:read"],
    "facilities": ["registry:read"],
    "seats": ["registry:read", "details:read"],
    "agreements": ["registry:read"],
}
"""What each table needs: contacts of units, and who holds a seat, are personal details too."""

for _kind in KINDS.values():
    router.add_api_route(
        f"/exports/{_kind.name}",
        _route_of(_kind, SCOPES[_kind.name]),
        methods=["GET"],
        summary=f"Export {_kind.name} as a table",
        responses=table_shapes.export_answers(_kind),
        response_class=CsvResponse,
    )
