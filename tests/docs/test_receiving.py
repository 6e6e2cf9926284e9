"""The page on receiving webhooks says what is so, and its snippets do what it says."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks import Webhook, WebhookVerificationError

from services.notify.domain.schedule import JITTER, LONGEST_RETRY_AFTER_S
from services.notify.letters import Head, Letter, numbered
from shared.kernel.canonical import encode
from shared.kernel.cloudevent import documents
from shared.kernel.commit import Actor, Commit, StoredEvent
from shared.kernel.partner import partner_form
from shared.runtime.settings import NotifySettings

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
TEXT = (DOCS / "receiving.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
(OFFICIAL, V1A_PY) = [text for kind, text in BLOCKS if kind == "python"]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SCHEDULE = re.compile(
    r"tried again\*\*, redirects included: immediately, then ([^±]+) after the attempt before"
)
UNITS = {"s": 1, "min": 60, "h": 3600}

Headers = dict[str, str]


def block(language: str) -> str:
    (found,) = [text for kind, text in BLOCKS if kind == language]
    return found


def test_its_snippets_are_the_files_and_what_it_names_is_there() -> None:
    assert {kind for kind, _ in BLOCKS} == {"http", "json", "python", "js"}
    assert (DOCS / "receivers" / "v1a.py").read_text(encoding="utf-8") == V1A_PY
    assert (DOCS / "receivers" / "v1a.mjs").read_text(encoding="utf-8") == block("js")
    linked = set(re.findall(r"\]\(((?!http)[^)#]+)\)", TEXT))
    assert linked == {f"receivers/{file.name}" for file in (DOCS / "receivers").iterdir() if file.is_file()}


def test_its_example_is_what_a_unit_is_told() -> None:
    shown = json.loads(block("json"))
    data = json.loads((ROOT / "shared/events/examples/visit-completed.json").read_text(encoding="utf-8"))
    stored = StoredEvent(shown["id"], shown["type"], shown["subject"], 9, data, shown["time"])
    actor = Actor("dispatcher", "client-1")
    commit = Commit("commit-1", (stored,), actor, "correlation-1", pos=184, at=shown["recordedtime"])
    (document,) = documents("dispatch", commit)
    form = partner_form(document, data["unit"])
    letter = Letter(data["unit"], shown["id"], shown["type"], shown["subject"], form, {}, "dispatch", "")
    message = numbered(letter, Head(42, "dispatch@000000000181.0000"), shown["time"])
    assert shown == json.loads(message.bodies[0])


def test_its_signature_is_that_of_its_example() -> None:
    said = dict(line.split(": ", 1) for line in block("http").splitlines()[1:])
    assert f"`{SECRET}`" in TEXT
    body = encode(json.loads(block("json")))
    at = datetime.fromtimestamp(int(said["webhook-timestamp"]), UTC)
    assert said["webhook-id"] == json.loads(body)["id"]
    assert said["webhook-signature"] == Webhook(SECRET).sign(said["webhook-id"], at, body.decode())


def test_its_numbers_are_those_of_the_code() -> None:
    steps = SCHEDULE.search(TEXT.replace("\n  ", " "))
    assert steps is not None
    waits = [step.strip().split(" ") for step in steps[1].rstrip(" ,").split(",")]
    settings = NotifySettings.model_fields
    assert [int(number) * UNITS[unit] for number, unit in waits] == settings["retry_schedule"].default
    assert f"2xx within {settings['deadline'].default:.0f} seconds" in TEXT
    assert (JITTER, LONGEST_RETRY_AFTER_S) == (0.2, 86_400)


def test_the_official_package_takes_what_is_signed_and_nothing_else() -> None:
    body, at = b'{"type": "visit-completed"}', datetime.now(UTC)
    headers = {
        "webhook-id": "event-1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("event-1", at, body.decode()),
    }
    names: dict[str, Any] = {"secret": SECRET, "body": body, "headers": headers}
    exec(OFFICIAL, names)
    assert names["event"] == {"type": "visit-completed"}
    with pytest.raises(WebhookVerificationError):
        exec(OFFICIAL, {**names, "body": body + b" "})


KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = "whpk_" + b64encode(KEY.public_key().public_bytes_raw()).decode()
BODY = '{"note": "邻里"}'.encode()

Case = tuple[Headers, bytes]
Verify = Callable[[Sequence[Case]], list[bool]]


def signed(key: Ed25519PrivateKey = KEY, seconds: int = 0) -> Headers:
    """The headers of BODY, signed `seconds` from now."""
    timestamp = str(int(time()) + seconds)
    signature = b64encode(key.sign(f"event-1.{timestamp}.".encode() + BODY)).decode()
    return {
        "webhook-id": "event-1",
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1a,{signature}",
    }


def by_python(cases: Sequence[Case]) -> list[bool]:
    verified = runpy.run_path(str(DOCS / "receivers" / "v1a.py"))["verified"]
    return [verified(PUBLIC_KEY, headers, body) for headers, body in cases]


def by_node(cases: Sequence[Case]) -> list[bool]:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    script = """
      import { readFileSync } from "node:fs";
      const { verified } = await import(process.argv[1]);
      const cases = JSON.parse(readFileSync(0));
      const say = ([key, headers, body]) => verified(key, headers, Buffer.from(body));
      console.log(JSON.stringify(cases.map(say)));
    """
    run = subprocess.run(
        ["node", "--input-type=module", "-e", script, (DOCS / "receivers" / "v1a.mjs").as_uri()],
        input=json.dumps([[PUBLIC_KEY, headers, body.decode()] for headers, body in cases]),
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    said: list[bool] = json.loads(run.stdout)
    return said


verifiers = pytest.mark.parametrize("verify", [by_python, by_node])


@verifiers
def test_with_the_public_key_what_is_signed_is_taken(verify: Verify) -> None:
    good, other = signed(), signed(Ed25519PrivateKey.generate())
    several = f"v1,AAAA {other['webhook-signature']} {good['webhook-signature']}"
    cases = [good, {**good, "webhook-signature": several}, signed(seconds=-290), signed(seconds=290)]
    assert verify([(headers, BODY) for headers in cases]) == [True] * len(cases)


@verifiers
def test_with_the_public_key_nothing_else_is_taken(verify: Verify) -> None:
    good = signed()
    signature = good["webhook-signature"]
    garbage = ("", "邻", ",", "v1a", "v1a,", "v1a,AAAA", "9" * 5000)
    bad = [
        *({k: v for k, v in good.items() if k != name} for name in good),
        *({**good, name: value} for name in good for value in garbage),
        {**good, "webhook-signature": signature.replace("v1a,", "v1,")},
        {**good, "webhook-signature": signature[:-6]},
        {**good, "webhook-id": "event-2"},
        signed(Ed25519PrivateKey.generate()),
        signed(seconds=-301),
        signed(seconds=310),
    ]
    cases = [*((headers, BODY) for headers in bad), (good, BODY + b" "), (good, b"")]
    assert verify(cases) == [False] * len(cases)
