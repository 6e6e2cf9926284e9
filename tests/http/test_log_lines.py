"""Every line of a log says in which call it was written."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from deploy.stack import Stack
from deploy.stack.services import CHECKOUT
from tests.support.community import Community
from tests.support.waiting import until

Line = dict[str, Any]


def read(text: str) -> list[Line]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_lines_of_calls_at_once_carry_the_ids_of_their_own_call_and_no_others() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.talker"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    told: defaultdict[str, list[str]] = defaultdict(list)
    for line in read(done.stdout):
        if "request_id" in line:
            number = line["request_id"].removeprefix("call-")
            assert line["trace_id"] == f"{int(number):032x}"
            told[number].append(line["event"])
            path = line.get("path", line["event"].rpartition(" ")[2])
            assert path in (["/one", "/two", "/fails"][int(number) - 1], "call-refused")
        else:
            assert "trace_id" not in line
            told["none"].append(line["event"])
    said = ["in-a-call", "in-a-task-of-a-call", "in-a-library"]
    assert [event.partition(" ")[0] for event in told["1"]] == [*said, "call-refused"]
    assert [event.partition(" ")[0] for event in told["2"]] == [*said, "call-refused"]
    assert [event.partition(" ")[0] for event in told["3"]] == [*said, "call-failed", "call-refused"]
    assert told["none"] == ["after-a-call"] * 3 + ["outside"]


async def test_a_refused_call_is_found_in_the_log_by_its_trace(
    shaba: Community, running_stack: Stack
) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"X-Request-Id": "call-4711", "traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    reply = await shaba.staff["dispatch"].call("GET", "/v1/requests/request-nothing", headers=headers)
    assert reply.status == 404

    def lines(name: str, value: str) -> list[Line]:
        text = Path(running_stack.folder.log("dispatch")).read_text()
        return [line for line in read(text) if line.get(name) == value]

    await until(lambda: bool(lines("trace_id", trace)))
    [line] = lines("trace_id", trace)
    assert (line["event"], line["request_id"], line["status"]) == ("call-refused", "call-4711", 404)
    opened = lines("event", "service-opens")
    assert opened
    assert not [line for line in opened if "request_id" in line]
