"""Whether good rows may enter: what is on record already, what they refer to, whom they are likely to be."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from services.registry.api.listed import likeness
from services.registry.api.records import RECORDS
from services.registry.domain.record import exists
from services.registry.imports.kind import Kind
from services.registry.imports.rows import Fault, Row
from services.registry.views import Records
from shared.events.registry import Erasing, ResidentErased, VolunteerErased
from shared.folds.record import Record
from shared.kernel.canonical import Json
from shared.kernel.decider import Refused
from shared.runtime.execute import Transaction
from shared.runtime.sealed import SealedDetails

MOST = 20
"""Candidates that a refusal names."""
SEARCHED = 1000
ERASED = (ResidentErased.type, VolunteerErased.type)

LIKELY = "this is likely on record already: look at `candidates`, or say true in the column confirmed"

Verdict = Fault | Literal["enter", "unchanged"]


@dataclass(frozen=True, slots=True)
class Existing:
    """What is on record under a row's id."""

    community: str
    facts: Mapping[str, Json]
    details: str | None
    ended: bool
    erased: bool

    @classmethod
    def of_entry(cls, entry: Mapping[str, Any]) -> Existing:
        """As the read model has it."""
        erased = entry["end"] is not None and entry["end"]["type"] in ERASED
        return cls(entry["community"], entry["facts"], entry.get("details"), entry["ended"], erased)

    @classmethod
    def of_record(cls, record: Record) -> Existing:
        """As the log has it."""
        assert record.facts is not None
        facts = record.facts.model_dump(mode="json", exclude_none=True)
        details = getattr(record.facts, "details", None)
        erased = isinstance(record.end, Erasing)
        return cls(record.facts.community, facts, details, record.ended, erased)


@dataclass(slots=True)
class Judge:
    """Judges the rows of one file, some hundred at a time, in their order.

    `reads_details`: who is told in what a row differs from sealed details could guess them otherwise.
    """

    kind: Kind
    records: Records
    sealed: SealedDetails
    reading: Transaction
    reads_details: bool
    named_now: set[str] = field(default_factory=set)
    """Ids on record that were named as candidates and are not on record as read yet."""
    _entered: dict[tuple[str, str], Row] = field(default_factory=dict)

    async def judge(self, rows: Sequence[Row]) -> list[Verdict]:
        """What becomes of each."""
        entries = await self.records.of([row.id for row in rows])
        known = {id: Existing.of_entry(entry) for id, entry in entries.items()}
        verdicts = await self.on_record(rows, known)
        fresh = [row for row in rows if row.id not in known]
        verdicts |= {row.id: fault for row in fresh if (fault := await self._unknown(row)) is not None}
        unsure = [row for row in fresh if row.id not in verdicts]
        doubted = [row for row in unsure if not self._is_confirmed(row)]
        candidates = await self._candidates(doubted)
        for row in unsure:
            verdicts[row.id] = self._likely(row, candidates.get(row.id, []))
        return [verdicts[row.id] for row in rows]

    async def on_record(self, rows: Sequence[Row], known: Mapping[str, Existing]) -> dict[str, Verdict]:
        """What becomes of those rows whose id is in `known`."""
        there = [(row, known[row.id]) for row in rows if row.id in known]
        digests = [each.details for row, each in there if row.named and each.details is not None]
        contents = await self.sealed.read_many(digests) if digests and self.reads_details else {}
        return {row.id: self._same(row, each, contents.get(each.details or "", {})) for row, each in there}

    def _is_confirmed(self, row: Row) -> bool:
        """Services, which have no likeness, need no confirmation."""
        return bool(getattr(row.body, "confirmed", True))

    def _same(self, row: Row, existing: Existing, content: Mapping[str, Json]) -> Verdict:
        if existing.erased:
            return Fault(row.line, "", "erased", "the details of this person were erased, and stay so")
        if not row.named:
            return "unchanged"
        other = "something else is on record under this id; amend it, or leave the id out"
        refused = Fault(row.line, "id", "already-registered", other)
        if existing.community != row.community or (self._is_sealed(row, existing) and not self.reads_details):
            return refused
        if existing.ended:
            # Who held a seat may hold it no longer: then this is for the route that fills seats.
            return refused if self.kind.named is not None else "unchanged"
        facts = self.kind.facts(row.body, row.community, None).model_dump(mode="json", exclude_none=True)
        ours = self.kind.cells(row.community, facts, row.content or {})
        theirs = self.kind.cells(existing.community, existing.facts, content)
        differing: list[Json] = [name for name, cell in ours.items() if cell != theirs[name]]
        if not differing:
            return "unchanged"
        return Fault(row.line, "id", "already-registered", other, {"columns": differing})

    def _is_sealed(self, row: Row, existing: Existing) -> bool:
        return existing.details is not None or row.content is not None

    async def _unknown(self, row: Row) -> Fault | None:
        for each in self.kind.references(row.body):
            record = await self.reading.load(RECORDS, each.stream)
            there = record.facts is not None and record.facts.community == row.community
            if not there or not exists(record, each.registered_by):
                return Fault(row.line, each.column, each.code, each.message)
        try:
            facts = self.kind.facts(row.body, row.community, None)
            self.kind.check(facts, self.reading.context.now)
        except Refused as refusal:
            return Fault(row.line, "", refusal.code, refusal.message)
        return None

    def _likely(self, row: Row, candidates: Sequence[str]) -> Verdict:
        words = [(row.community, word) for word in self.kind.alike(row.body)]
        # A row that is tried again has been met before.
        met = (self._entered[word] for word in words if word in self._entered)
        earlier = next((other for other in met if other.id != row.id), None)
        if not self._is_confirmed(row) and (candidates or earlier is not None):
            self.named_now.update(candidates)
            told: dict[str, Json] = {"candidates": [*candidates]}
            if earlier is not None:
                told |= {"candidates": [*dict.fromkeys((*candidates, earlier.id))], "first": earlier.line}
            return Fault(row.line, "", "likely-duplicate", LIKELY, told)
        for word in words:
            self._entered.setdefault(word, row)
        return "enter"

    async def _candidates(self, rows: Sequence[Row]) -> dict[str, list[str]]:
        """Who is on record and likely the same, by the ids of the rows."""
        if self.kind.place is None:
            by_name = (self.records.named(self.kind.prefix, row.community, row.body.name) for row in rows)
            found = await asyncio.gather(*by_name)
            return {row.id: list(ids[:MOST]) for row, ids in zip(rows, found, strict=True)}
        candidates: dict[str, list[str]] = {}
        for community in sorted({row.community for row in rows}):
            wanted: dict[str, list[str]] = {}
            for row in rows:
                for word in self.kind.alike(row.body) if row.community == community else ():
                    wanted.setdefault(word, []).append(row.id)
            for id, words in (await self._alike(community, set(wanted))).items():
                alike = dict.fromkeys(each for word in words for each in wanted.get(word, ()))
                for row_id in (each for each in alike if each != id):
                    candidates.setdefault(row_id, []).append(id)
        return {id: found[:MOST] for id, found in candidates.items()}

    async def _alike(self, community: str, words: set[str]) -> dict[str, tuple[str, ...]]:
        """The living people who have one of `words`, with all the words that they have."""
        found = await self.sealed.search([words], {community}, self.kind.prefix, SEARCHED) if words else []
        entries = await self.records.of([each.subject for each in found]) if found else {}
        # Details without a commit, and those that newer ones superseded, are found for a while.
        living = {
            each.subject: entries[each.subject]
            for each in found
            if each.subject in entries
            and not entries[each.subject]["ended"]
            and entries[each.subject].get("details") in each.digests
        }
        contents = await self.sealed.read_many([entry["details"] for entry in living.values()])
        place = str(self.kind.place)
        return {
            id: likeness(contents[entry["details"]], str(entry["facts"][place]))
            for id, entry in living.items()
            if entry["details"] in contents
        }
