"""What auditors ask: entries, a stream as of a moment, whether the log is intact. Asking is on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response, Security
from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.audit import shapes
from services.audit.check import check_log
from services.audit.domain.chain import Leaf, read_leaf
from services.audit.domain.replay import AsOf, Recorded, replay
from services.audit.entries import Entries
from services.audit.forks import Forks
from services.audit.recorder import Recorder
from shared.events.audit import LogRead, LogVerified
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import from_document
from shared.kernel.commit import Answer
from shared.kernel.times import format_time, parse_time
from shared.runtime.access import Principal, bearer
from shared.runtime.execute import Transaction
from shared.runtime.follower import Follower
from shared.runtime.http.calls import POSITION, CommandsOf, json_response
from shared.runtime.http.details import READINGS, show_on_record
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.paging import MAX_LIMIT
from shared.runtime.http.problems import Problem, not_found
from shared.runtime.http.routes import Route
from shared.runtime.ids import Id, new_id
from shared.runtime.mongo import Document

router = APIRouter(prefix="/v1", tags=["audit"], route_class=Route)
Auditor = Annotated[Principal, Security(bearer, scopes=["audit:read"])]
SEQ = "seq:"


@dataclass(frozen=True, slots=True)
class Log:
    """The parts of audit that its routes need."""

    entries: Entries
    recorder: Recorder
    forks: Forks
    follower: Follower


async def _log(request: Request) -> Log:
    log: Log = request.app.state.log
    return log


LogOf = Annotated[Log, Depends(_log)]


class EntriesPage(BaseModel):
    """Which entries, and where to go on from."""

    model_config = ConfigDict(extra="forbid")

    after: int | None = Field(None, ge=0, lt=2**53, description="the `next` of the page before")
    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="how many at the most")
    type: str | None = Field(None, pattern=r"^[a-z]+(-[a-z]+)*$", max_length=80)
    stream: Id | None = None

    def only(self) -> dict[str, str]:
        """The filter."""
        wanted = {"type": self.type, "stream": self.stream}
        return {name: value for name, value in wanted.items() if value is not None}


class StateQuery(BaseModel):
    """As of when: a time, by which the stream's own service had recorded it, or `seq:` and an entry."""

    model_config = ConfigDict(extra="forbid")

    as_of: str | None = Field(None, max_length=40, examples=["2026-11-24T08:30:00Z", "seq:184"])

    @field_validator("as_of")
    @classmethod
    def _is_a_moment(cls, text: str | None) -> str | None:
        _as_of(text)
        return text

    def moment(self) -> AsOf:
        """The moment asked for."""
        return _as_of(self.as_of)


def _as_of(text: str | None) -> AsOf:
    if text is None:
        return AsOf()
    if (seq := text.removeprefix(SEQ)) != text and seq.isascii() and seq.isdigit():
        return AsOf(seq=int(seq))
    return AsOf(time=format_time(parse_time(text)))


@router.get(
    "/entries",
    summary="The log, entry by entry",
    responses=answers(listed(shapes.Entry), headers=[POSITION]),
)
async def list_entries(
    page: Annotated[EntriesPage, Query()],
    request: Request,
    principal: Auditor,
    commands: CommandsOf,
    log: LogOf,
) -> Response:
    """Entries behind `after`, or from the first, in order. Those of another community are without the event,
    so that the chain can be followed over them; with a filter they are left out. The reading is recorded as
    `log-read`, and so becomes an entry itself: `next` is null once the page reaches what was the end when it
    was read."""
    after = -1 if page.after is None else page.after
    head = await log.recorder.head()
    found, more = await log.entries.page(after, head, page.limit, page.only())
    # What a filter finds tells of itself: of another community's nothing is told then.
    told = [entry for entry in found if not page.only() or _is_of(_leaf_of(entry), principal)]
    items: list[Json] = [_shown(entry, principal) for entry in told]
    following = str(found[-1]["seq"]) if more else None
    viewed = LogRead(
        community=_community_of(principal),
        what="entries",
        stream=page.stream,
        after=page.after,
        limit=page.limit,
    )
    return await show_on_record(request, principal, commands, viewed, {"items": items, "next": following})


@router.get(
    "/streams/{stream}/state",
    summary="A stream's state as of a moment",
    responses=answers(shapes.State, headers=[POSITION]),
)
async def stream_state(
    stream: str,
    query: Annotated[StateQuery, Query()],
    request: Request,
    principal: Auditor,
    commands: CommandsOf,
    log: LogOf,
) -> Response:
    """`complete` is false if a version is missing or could not be read: the rest is shown all the same.

    404 for a stream that nothing is recorded of, or not in a community of the caller's. The reading is
    recorded as `log-read`.
    """
    found = await log.entries.of_stream(stream, await log.recorder.head())
    if not found or not all(_is_of(_leaf_of(entry), principal) for entry in found):
        raise not_found()
    events = [_recorded(entry) for entry in found]
    replayed = replay(stream, events, query.moment())
    shown: dict[str, Json] = {
        "state": replayed.state,
        "version": replayed.version,
        "complete": replayed.complete,
    }
    viewed = LogRead(community=_community_of(principal), what="state", stream=stream)
    return await show_on_record(request, principal, commands, viewed, shown)


@router.post("/verify", summary="Check the whole log against its chain", responses=answers(shapes.Verdict))
async def verify_log(request: Request, principal: Auditor, commands: CommandsOf, log: LogOf) -> Response:
    """Every entry that is recorded when this is asked. If one is not as it was recorded, `first_fault` says
    which and what is wrong with it. Recorded as `log-verified`, which keeps size and chain elsewhere too."""

    async def work(transaction: Transaction) -> Answer:
        kept = (await log.entries.tip()).head
        head = await log.recorder.head()
        verdict = await check_log(log.entries, [kept, head], head.size)
        verified = LogVerified(
            community=_community_of(principal),
            intact=verdict.intact,
            entries=verdict.head.size,
            chain=verdict.head.chain.hex(),
        )
        await transaction.begin(READINGS, new_id("verification"), verified)
        return Answer(200, verdict.to_json())

    return await commands.run(request, principal, work)


@router.get(
    "/sources",
    summary="How far each service is recorded, and whether it contradicted itself",
    responses=answers(listed(shapes.Source)),
)
async def list_sources(_: Auditor, log: LogOf) -> Response:
    """`place` is that of the last recorded event. Of a forked source nothing more is recorded."""
    return json_response({"items": [_source(log, name) for name in log.follower.sources], "next": None})


def _source(log: Log, name: str) -> dict[str, Json]:
    place, fork = log.follower.place(name), log.forks.found.get(name)
    stopped = log.recorder.stopped.get(name)
    found: dict[str, Json] = {
        "source": name,
        "place": {"pos": place.pos, "index": place.index, "commitsize": place.size},
        "behind": log.follower.is_behind(name),
        "forked": fork is not None,
        "stopped": stopped,
    }
    if fork is not None:
        found["fork"] = {
            "sequence": fork.sequence,
            "recorded_event": fork.recorded_event,
            "other_event": fork.other_event,
        }
    return found


def _shown(entry: Document, principal: Principal) -> dict[str, Json]:
    leaf = _leaf_of(entry)
    shown: dict[str, Json] = {
        "seq": leaf.seq,
        "recorded": leaf.recorded,
        "leaf_hash": bytes(entry["leaf_hash"]).hex(),
        "chain": bytes(entry["chain"]).hex(),
    }
    return {**shown, "event": dict(leaf.event)} if _is_of(leaf, principal) else shown


def _is_of(leaf: Leaf, principal: Principal) -> bool:
    """Whether an entry is of a community of the caller's."""
    return leaf.event.get("community") in principal.communities


def _recorded(entry: Document) -> Recorded:
    leaf = _leaf_of(entry)
    event = from_document(leaf.event, entry["leaf"])
    return Recorded(leaf.seq, event.recorded, event.type, event.version, event.data)


def _leaf_of(entry: Mapping[str, object]) -> Leaf:
    """Raises Problem 500 for an entry that was altered so that it cannot be read."""
    data = entry["leaf"]
    try:
        if not isinstance(data, bytes):
            raise ValueError("not bytes")
        return read_leaf(data)
    except ValueError:
        raise Problem(500, "log-damaged", "an entry is not as it was recorded: verify the log") from None


def _community_of(principal: Principal) -> str:
    return min(principal.communities)
