"""The whole demo on a stage that stands: people, the day with its outage, the evidence, the account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console

from deploy.demo.account import Printer
from deploy.demo.callers import Callers, callers
from deploy.demo.checks import Check
from deploy.demo.community import Community, read_community
from deploy.demo.day import OFFICE, Wish, next_working_day, noon, plan_day
from deploy.demo.evidence import Evidence, deliveries, gather, read_entries, settle, until
from deploy.demo.findings import findings
from deploy.demo.people import Ids, register_residents, register_volunteers
from deploy.demo.play import Player
from deploy.demo.population import population, volunteers
from deploy.demo.stage import Stage
from deploy.demo.steps import Steps
from deploy.demo.story import most_telling, tell
from deploy.demo.systems import PARTNER, Systems, systems
from deploy.demo.tamper import Tampering, tamper
from services.dispatch.domain.working_time import LOCAL
from services.registry.case.case import load_case


@dataclass(frozen=True, slots=True)
class Size:
    """How much is played: residents of the community, and requests of the day."""

    residents: int
    requests: int


async def run(stage: Stage, size: Size, console: Console, steps: Steps) -> list[Check]:
    """Play, print the account, and return what was checked. Raises DemoFailed if it cannot go on."""
    case = load_case("shaba")
    printer = Printer(console, case)
    partners = [unit.id for unit in case.units if unit.id != OFFICE]
    async with callers(stage.described, partners) as found:
        # An endpoint hears of what comes after it: nothing that came before may still be on its way.
        await found.dispatcher.get("notify", "/v1/endpoints", after=found.position("registry"))
        async with systems(stage, found) as listening:
            community = await read_community(found.dispatcher)
            player, plan = await _prepare(size, community, found, steps)
            await _play_day(player, plan, listening, steps)
            with steps.step("every unit has been told, and audit has everything"):
                await settle(found, listening.endpoints)
            printer.community(community, population(size.residents))
            evidence, tampering = await _account(stage, printer, player, listening, community)
            parts = stage.stack.status()
            printer.memory(parts)
            names = {unit.id: unit.name.en for unit in case.units}
            held = findings(plan, player.played, listening.journals(), evidence, tampering, parts, names)
            printer.checks(held)
            return held


async def _prepare(
    size: Size, community: Community, found: Callers, steps: Steps
) -> tuple[Player, list[Wish]]:
    """Put the people on record, and plan the day for them."""
    people, team = population(size.residents), volunteers()
    with steps.step("volunteers on record", len(team)) as advance:
        team_ids = await register_volunteers(found.admin, team, advance)
    with steps.step("residents on record", len(people)) as advance:
        ids = Ids(team_ids, await register_residents(found.dispatcher, people, advance))
    # What registry has just told us must be known to dispatch before it is spoken of there.
    await found.dispatcher.get("dispatch", "/v1/requests", {"limit": 1}, found.position("registry"))
    plan = plan_day(community.catalogue, people, team, size.requests)
    return Player(found, team, ids, next_working_day(datetime.now(LOCAL))), plan


async def _play_day(player: Player, plan: Sequence[Wish], listening: Systems, steps: Steps) -> None:
    """The three thirds of the day; in the middle one the health centre's system is down."""
    start, end = noon(len(plan)), noon(2 * len(plan))
    desk, endpoint = player.callers.dispatcher, listening.endpoints[PARTNER]

    async def has_been_missed() -> bool:
        pending = await deliveries(desk, endpoint, "pending")
        return any(delivery["last_status"] is None and delivery["attempts"] for delivery in pending)

    with steps.step("the morning's requests", start) as advance:
        await player.play(plan[:start], advance)
    await listening.partner.kill()
    with steps.step("midday's requests, the health centre's system being down", end - start) as advance:
        await player.play(plan[start:end], advance)
        await until("the health centre is tried in vain", has_been_missed)
    await listening.partner.start()
    with steps.step("the afternoon's requests", len(plan) - end) as advance:
        await player.play(plan[end:], advance)
    with steps.step("what was done is resolved, rated and closed", player.done) as advance:
        await player.close(advance)


async def _account(
    stage: Stage, printer: Printer, player: Player, listening: Systems, community: Community
) -> tuple[Evidence, Tampering]:
    """Gather the evidence and print what it says."""
    auditor = player.callers.auditor
    evidence = await gather(auditor)
    tampering = await tamper(stage.described.mongo_url, evidence.entries, evidence.verdict)
    figures = await player.callers.dispatcher.get("dispatch", "/v1/figures")
    rates = figures.body["total"]
    assert isinstance(rates, Mapping)
    printer.figures(player.played, evidence, rates)
    printer.logs(evidence)
    printer.told(listening.journals(), evidence)
    request = most_telling(evidence.entries, PARTNER)
    stream = await read_entries(auditor, stream=request)
    around = [entry for entry in evidence.entries if entry.event.stream != request]
    chapters = tell([*stream, *around], request, printer.case)
    printer.story(community.offer(str(stream[0].event.data["service"])), request, chapters)
    printer.verdict(evidence, tampering)
    return evidence, tampering
