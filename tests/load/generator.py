"""A load generator: HTTP/1.1 POSTs over raw sockets, so that it costs little of the cores it shares.

python -m tests.load.generator PORT PATH CONNECTIONS COUNT < body; prints JSON. LOAD_HEADERS has headers,
LOAD_TYPE the media type of a body that is not JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time

import uvloop


async def connection(port: int, message: bytes, numbers: list[int], times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while numbers:
        numbers.pop()
        began = time.perf_counter()
        writer.write(message)
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        length = int(head.lower().split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
        body = await reader.readexactly(length)
        if not 200 <= status < 300:
            raise RuntimeError(f"{status} {body[:300]!r}")
        times.append(time.perf_counter() - began)
    writer.close()


async def main(port: int, path: str, connections: int, count: int) -> None:
    body = sys.stdin.buffer.read()
    headers = os.environ.get("LOAD_HEADERS", "")
    kind = os.environ.get("LOAD_TYPE", "application/json")
    message = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n"
        f"{headers}Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    numbers = list(range(count))
    times: list[float] = []
    began = time.perf_counter()
    await asyncio.gather(*(connection(port, message, numbers, times) for _ in range(connections)))
    took = time.perf_counter() - began
    print(json.dumps({"per_second": count / took, "p50_ms": statistics.median(times) * 1000}))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
