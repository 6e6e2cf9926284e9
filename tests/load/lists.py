"""A list page of 50 among many residents, beside the same page among few: through the route, in turns.

The residents are put into the read model and into the sealed details as registry's own events and routes put
them there, without the log: it is the pages that are measured.
"""

from __future__ import annotations

import base64
import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from itertools import count as numbers
from itertools import islice
from time import perf_counter

import aiohttp

from deploy.demo.population import Person, population
from deploy.stack import Stack, ephemeral
from services.registry.api.listed import listing
from services.registry.views import Records
from shared.events.registry import ResidentRegistered
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent, encoded, parse
from shared.kernel.commit import Actor, Commit, StoredEvent
from shared.kernel.times import format_time
from shared.runtime.keyring import load_keyring
from shared.runtime.mongo import connect, database
from shared.runtime.sealed import SealedDetails, new_detail
from tests.load.rounds import Goal, Series, alternate, console, report
from tests.support.client import Client, access_token

FEW, MANY = 1_000, 100_000
BATCH = 200
LIMIT = 50
ASKED = 30
"""Pages of which a round takes the median."""

PAGES: dict[str, dict[str, str]] = {
    "first page": {},
    "middle page": {"cursor": ""},
    "by grid and tier": {"grid": "shaba-03", "tier": "key"},
    "by name": {"q": "欧阳青禾"},
}
"""What is asked for; the cursor is that of the middle."""


async def pages_among_many(rounds: int, scale: float) -> None:
    """Both in stacks of their own, which are idle while the other one is asked."""
    sizes = (FEW, int(MANY * scale))
    with ExitStack() as stacks:
        async with aiohttp.ClientSession() as session:
            clients = {}
            for size in sizes:
                stack = stacks.enter_context(ephemeral(("rabbitmq", "store", "registry")))
                described = stack.up()
                began = perf_counter()
                await _fill(stack, size)
                console.print(f"  {size:,} residents in {perf_counter() - began:,.0f} s", style="dim")
                registry = described.services["registry"]
                admin = described.admin
                token = await access_token(session, registry, admin.client_id, admin.client_secret)
                clients[size] = Client(registry, session, token)
            for what, query in PAGES.items():
                await _compare(rounds, what, query, clients)


async def _compare(rounds: int, what: str, query: dict[str, str], clients: dict[int, Client]) -> None:
    async def asked(size: int) -> float:
        middle = base64.urlsafe_b64encode(str(size // 2).encode()).decode()
        there = {name: value or middle for name, value in query.items()}
        times = []
        for _ in range(ASKED):
            began = perf_counter()
            page = await clients[size].get("/v1/residents", limit=str(LIMIT), **there)
            times.append(perf_counter() - began)
            assert page.status == 200, page.body
            assert page.body["items"]
        return statistics.median(times) * 1000

    series: dict[str, Series] = await alternate(
        rounds, "ms", {f"among {size:,}": partial(asked, size) for size in clients}
    )
    few, many = (f"among {size:,}" for size in clients)
    report(f"A page of {LIMIT} residents, {what}", series, [Goal(many, few, 3.0, at_least=False)])


async def _fill(stack: Stack, size: int) -> None:
    client = connect(stack.site.mongo_url("registry"))
    where = database(client, "linli_registry")
    sealed = SealedDetails(where, load_keyring(stack.folder.sub("keys") / "registry.json"))
    records = Records(where)
    people = iter(_people(size))
    for first in numbers(1, BATCH):
        batch = list(islice(people, BATCH))
        if not batch:
            break
        details = []
        events = []
        for number, person in enumerate(batch, start=first):
            id = f"resident-{number:08d}"
            content: dict[str, Json] = {
                "name": person.name,
                "phone": person.phone,
                "address": person.address,
                "flags": [*person.flags],
            }
            found_by = listing("resident", "shaba", person.grid, content)
            details.append(new_detail(id, content, True, found_by))
            events.append(_heard(number, id, person, details[-1].digest))
        await sealed.write(details, "resident-load", 1)
        sealed.named(detail.digest for detail in details)
        await records.follow(events)
    client.close()


def _people(size: int) -> Sequence[Person]:
    """As many residents: those of the case again and again, and one of a rare name."""
    found = population(min(size, 3879))
    several: Iterator[Person] = (person for _ in numbers() for person in found)
    rare = Person("欧阳青禾", "13900000000", "1栋1单元101", "shaba-03", 40, "key", (), "zh")
    return [rare, *islice(several, size - 1)]


def _heard(number: int, id: str, person: Person, digest: str) -> CloudEvent:
    facts = ResidentRegistered(community="shaba", grid=person.grid, tier=person.tier, details=digest)
    now = format_time(datetime.now(UTC))
    stored = StoredEvent(id, facts.type, id, 1, facts.model_dump(mode="json", exclude_none=True), now)
    commit = Commit(f"load-{number}", (stored,), Actor("system", "load"), "load", pos=number, at=now)
    return parse(encoded("registry", commit)[0])
