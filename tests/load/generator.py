"""A load generator: HTTP/1.1 POSTs over raw sockets, so that it costs little of the cores it shares.

python -m tests.load.generator PORT PATH CONNECTIONS COUNT < body; prints JSON. With PATH `-` the input has a
line for each call, JSON `[path, body]`, and the ids that were answered are printed too, in that order.
LOAD_HEADERS has headers, LOAD_TYPE the media type of a body that is not JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import repeat

import uvloop

HEADERS = os.environ.get("LOAD_HEADERS", "")
KIND = os.environ.get("LOAD_TYPE", "application/json")


def message(path: str, body: bytes) -> bytes:
    """A whole POST."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {KIND}\r\n"
        f"{HEADERS}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def connection(
    port: int, calls: Iterator[tuple[int, bytes]], times: list[float], answers: dict[int, bytes] | None
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number, sent in calls:
        began = time.perf_counter()
        writer.write(sent)
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        length = int(head.lower().split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
        body = await reader.readexactly(length)
        if not 200 <= status < 300:
            raise RuntimeError(f"{status} {body[:300]!r}")
        times.append(time.perf_counter() - began)
        if answers is not None:
            answers[number] = body
    writer.close()


async def main(port: int, path: str, connections: int, count: int) -> None:
    answers: dict[int, bytes] | None = None
    messages: Iterable[bytes]
    if path == "-":
        calls = [json.loads(line) for line in sys.stdin]
        messages = [message(where, json.dumps(body).encode()) for where, body in calls]
        count, answers = len(calls), {}
    else:
        messages = repeat(message(path, sys.stdin.buffer.read()), count)
    numbered, times = enumerate(messages), list[float]()
    began = time.perf_counter()
    await asyncio.gather(*(connection(port, numbered, times, answers) for _ in range(connections)))
    took = time.perf_counter() - began
    ids = [json.loads(answers[number]).get("id") for number in range(count)] if answers else []
    print(json.dumps({"per_second": count / took, "p50_ms": statistics.median(times) * 1000, "ids": ids}))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
