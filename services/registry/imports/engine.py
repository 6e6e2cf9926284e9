"""Good rows on their way onto the record: judged by the hundred, and entered in small commits.

A row's id is made of its content, so that whoever sends a file again, or goes on with one that was cut short,
enters nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from services.registry.api.listed import listing
from services.registry.api.records import RECORDS
from services.registry.imports.judging import Existing, Judge, Verdict
from services.registry.imports.kind import Kind
from services.registry.imports.rows import Fault, Row, Sheet
from shared.events.details import DetailsViewed
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.runtime.execute import Context, Executor, StreamBusy, Transaction
from shared.runtime.http.details import READINGS
from shared.runtime.ids import new_id
from shared.runtime.mongo import PyMongoError, StoreUnavailable, is_passing
from shared.runtime.sealed import Erased

COMMIT = 25
"""Records of one commit: each that has entered stays, whatever becomes of the rest of the file."""
WAVE = 8 * COMMIT
"""Rows that are looked up together, whose commits then go out together."""
PAUSES_S = (0.5, 1.0, 2.0, 4.0)
"""Between tries, for a store that does not answer: what has entered by an earlier one is then unchanged."""
AGAIN = "the store did not answer; send the same file again, and what has entered stays as it is"

log = structlog.get_logger()


@dataclass(slots=True)
class Count:
    """How far an import is."""

    of: int
    done: int = 0
    entered: int = 0
    unchanged: int = 0
    refused: int = 0

    def add(self, verdict: Verdict) -> None:
        """One row more."""
        self.done += 1
        self.refused += isinstance(verdict, Fault)
        self.unchanged += verdict == "unchanged"
        self.entered += verdict == "enter"

    def said(self) -> dict[str, Json]:
        """As progress is told."""
        return {name: getattr(self, name) for name in ("done", "of", "entered", "unchanged", "refused")}


@dataclass(slots=True)
class Import:
    """One file on its way. `context` makes the context of each commit; who asks is the same for all.

    `heard` waits a while for the read model: left behind, it would take the store from all others later.
    """

    kind: Kind
    judge: Judge
    executor: Executor
    context: Callable[[], Context]
    heard: Callable[[], Awaitable[None]]

    async def report(self, sheet: Sheet) -> dict[str, Json]:
        """What would come of the file; nothing of it is recorded."""
        faults, unchanged = list(sheet.faults), 0
        for rows in _waves(sheet.rows):
            verdicts = await self.judge.judge(rows)
            faults += [verdict for verdict in verdicts if isinstance(verdict, Fault)]
            unchanged += verdicts.count("unchanged")
            await self._disclose()
        bad = len({fault.line for fault in faults})
        errors: list[Json] = [fault.said() for fault in sorted(faults, key=lambda fault: fault.line)]
        counts = {"rows": sheet.count, "good": sheet.count - bad, "bad": bad, "unchanged": unchanged}
        return {**counts, "errors": errors}

    async def run(self, sheet: Sheet) -> AsyncIterator[dict[str, Json]]:
        """Enter the good rows, and say what comes of it line by line: begun, refused, progress, finished."""
        count = Count(sheet.count)
        yield {"type": "begun", "rows": sheet.count}
        for fault in sheet.faults:
            yield {"type": "refused", **fault.said()}
        count.done = count.refused = len({fault.line for fault in sheet.faults})
        try:
            for rows in _waves(sheet.rows):
                verdicts = await self._patiently(rows)
                for verdict in verdicts:
                    count.add(verdict)
                    if isinstance(verdict, Fault):
                        yield {"type": "refused", **verdict.said()}
                yield {"type": "progress", **count.said()}
                await self.heard()
        except (PyMongoError, StoreUnavailable, StreamBusy) as error:
            if not isinstance(error, StreamBusy) and not is_passing(error):
                raise
            log.warning("import-interrupted", error=type(error).__name__, done=count.done)
            code = "stream-busy" if isinstance(error, StreamBusy) else "store-unavailable"
            yield {"type": "finished", "finished": False, "code": code, "detail": AGAIN, **count.said()}
            return
        yield {"type": "finished", "finished": True, **count.said()}

    async def _patiently(self, rows: Sequence[Row]) -> list[Verdict]:
        """What became of `rows`, though the store be away for a moment. Raises what it raised last."""
        for pause in PAUSES_S:
            try:
                return await self._enter_wave(rows)
            except (PyMongoError, StoreUnavailable) as error:
                if not is_passing(error):
                    raise
                log.info("import-waits", error=type(error).__name__)
                await asyncio.sleep(pause)
        return await self._enter_wave(rows)

    async def _enter_wave(self, rows: Sequence[Row]) -> list[Verdict]:
        judged = await self.judge.judge(rows)
        await self._disclose()
        verdicts = {row.id: verdict for row, verdict in zip(rows, judged, strict=True)}
        entering = [row for row in rows if verdicts[row.id] == "enter"]
        some = [entering[start : start + COMMIT] for start in range(0, len(entering), COMMIT)]
        # All are waited for, also beside one that fails: what was begun has an end before the next line.
        for outcome in await asyncio.gather(*map(self._commit, some), return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
            verdicts |= outcome
        return [verdicts[row.id] for row in rows]

    async def _commit(self, rows: Sequence[Row]) -> dict[str, Verdict]:
        """Enter `rows` in one commit; what became of those that somebody else was quicker with."""
        verdicts: dict[str, Verdict] = {}
        meanwhile: dict[str, Existing] = {}
        left, tries = list(rows), 0

        async def work(transaction: Transaction) -> Answer:
            nonlocal tries
            tries += 1
            for row in left:
                # Nothing was there when they were looked up: only who meets others looks again.
                if tries > 1:
                    record = await transaction.load(RECORDS, row.id)
                    if record.facts is not None:
                        meanwhile[row.id] = Existing.of_record(record)
                        continue
                await self._enter(transaction, row)
            return Answer(200, {})

        while left:
            try:
                await self.executor.execute(self.context(), work)
                break
            except Erased as erased:
                gone = [row for row in left if row.id == str(erased)]
                if not gone:
                    raise
                left = [row for row in left if row not in gone]
                reason = "the details of this person were erased, and stay so"
                verdicts |= {row.id: Fault(row.line, "", "erased", reason) for row in gone}
        return verdicts | await self.judge.on_record(left, meanwhile)

    async def _enter(self, transaction: Transaction, row: Row) -> None:
        digest = None
        if row.content is not None:
            place = self.kind.place
            found_by = None
            if place is not None:
                where = str(getattr(row.body, place))
                found_by = listing(self.kind.prefix, row.community, where, row.content)
            digest = transaction.seal(row.id, row.content, listing=found_by)
        facts = self.kind.facts(row.body, row.community, digest)
        await self.kind.enter(transaction, row.id, facts)

    async def _disclose(self) -> None:
        """Put on record that the people who are named as candidates were: that tells something of them."""
        named = [*self.judge.named_now] if self.kind.place is not None else []
        self.judge.named_now.clear()
        if not named:
            return

        async def work(transaction: Transaction) -> Answer:
            for id in sorted(named):
                record = await self.judge.reading.load(RECORDS, id)
                assert record.facts is not None
                community = record.facts.community
                viewed = DetailsViewed(community=community, subject=id, purpose="duplicate-check", count=1)
                await transaction.begin(READINGS, new_id("access"), viewed)
            return Answer(200, {})

        await self.executor.execute(self.context(), work)


def _waves(rows: Sequence[Row]) -> list[Sequence[Row]]:
    return [rows[start : start + WAVE] for start in range(0, len(rows), WAVE)]
