"""make bench: speed beside limits and peers, in one run, in turns; medians and spread.

python -m tests.load [requests] [life] [growth] [timers] [stack] [recording] [latency] [access] [imports]
    [lists] [board] [deliveries] [--rounds N] [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal

from tests.load.access import seen_token_against_none, token_against_a_bare_route
from tests.load.board import board_among_many
from tests.load.deliveries import deliveries_against_peers
from tests.load.growth import throughput_as_it_grows, timers_at_rest
from tests.load.imports import rows_of_a_table
from tests.load.latency import answer_to_webhook
from tests.load.life import VOLUNTEERS, life_against_a_bare_route
from tests.load.lists import pages_among_many
from tests.load.recording import recording_against_peers
from tests.load.requests import post_against_a_bare_route, whole_stack
from tests.load.rounds import console

PARTS = (
    *("requests", "life", "growth", "timers", "stack"),
    *("recording", "latency", "access", "imports", "lists", "board", "deliveries"),
)


async def main(parts: list[str], rounds: int, scale: float) -> None:
    # Ended in good order, so that the stack that a measurement has started is ended with it.
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    console.print(f"{os.cpu_count()} cores, load {load}; {rounds} rounds")
    if "requests" in parts:
        await post_against_a_bare_route(rounds, int(3000 * scale))
    if "life" in parts:
        await life_against_a_bare_route(rounds, int(3000 * scale), int(VOLUNTEERS * scale))
    if "growth" in parts:
        await throughput_as_it_grows(rounds, scale)
    if "timers" in parts:
        await timers_at_rest(rounds, scale)
    if "stack" in parts:
        await whole_stack(int(3000 * scale))
    if "recording" in parts:
        await recording_against_peers(rounds, int(4000 * scale))
    if "latency" in parts:
        await answer_to_webhook(rounds)
    if "access" in parts:
        await token_against_a_bare_route(rounds, int(3000 * scale))
        await seen_token_against_none(rounds, int(20_000 * scale))
    if "imports" in parts:
        await rows_of_a_table(int(10_000 * scale))
    if "lists" in parts:
        await pages_among_many(rounds, scale)
    if "board" in parts:
        await board_among_many(rounds, scale)
    if "deliveries" in parts:
        await deliveries_against_peers(rounds, scale)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", default=list(PARTS), choices=[*PARTS, list(PARTS)], metavar="PART"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a tenth of the load: does it run at all")
    given = parser.parse_args()
    asyncio.run(main(given.parts or list(PARTS), given.rounds, 0.1 if given.quick else 1.0))
