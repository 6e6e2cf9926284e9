"""Every snippet of the README runs as written, in one shell, on a stack of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from deploy.stack.ports import free_base

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

RUN_ELSEWHERE = {"make demo\nmake test\n"}
"""The demo has a test of its own, and the tests are what is running."""


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(README) if kind == language]


def test_every_block_of_code_is_of_a_kind_that_is_run() -> None:
    assert {kind for kind, _ in BLOCK.findall(README)} == {"sh", "python"}
    assert set(blocks("sh")) >= RUN_ELSEWHERE


def test_what_it_names_is_there() -> None:
    for target in re.findall(r"`make (\w+)`", README):
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), target
    for path in re.findall(r"\]\(((?!http)[^)#]+)\)", README):
        assert (ROOT / path).exists(), path


def test_every_snippet_runs_in_order(tmp_path: Path) -> None:
    base = free_base()
    script = "\n".join(text for text in blocks("sh") if text not in RUN_ELSEWHERE)
    for old, new in (
        ("127.0.0.1:8099", f"127.0.0.1:{base + 9}"),
        (".venv/bin/python", sys.executable),
        ("make up", f"{sys.executable} -m deploy.cli up"),
        ("make down", f"{sys.executable} -m deploy.cli down"),
    ):
        assert old in script, f"the README no longer says {old}"
        script = script.replace(old, new)
    receiver = next(text for text in blocks("python") if text.startswith("# receiver.py"))
    (tmp_path / "receiver.py").write_text(receiver.replace("8099", str(base + 9)), encoding="utf-8")
    environment = {
        **os.environ,
        "LINLI_DATA": str(tmp_path / "data"),
        "LINLI_PORT_BASE": str(base),
        "PYTHONPATH": str(ROOT),
    }
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    subprocess.run(
        [sys.executable, "-m", "deploy.cli", "down"], cwd=ROOT, env=environment, check=True, timeout=60
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    assert '"intact":true' in run.stdout
    assert run.stdout.count('"code":"no-agreement-in-force"') == 1
    assert '"outcome":"done"' in run.stdout
    as_of = [
        line
        for line in run.stdout.splitlines()
        if line.startswith('{"complete":true') and '"version":2}' in line
    ]
    assert len(as_of) == 1, run.stdout
    assert '"status":"triaged"' in as_of[0]
    received = (tmp_path / "received.txt").read_text()
    assert "visit-completed request-" in received
