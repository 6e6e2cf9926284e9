"""python -m tests.support.dispatch_by_clock FILE: dispatch, its clock ahead by the seconds in FILE."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.dispatch.app import build
from shared.runtime.run import run
from shared.runtime.settings import Settings

if __name__ == "__main__":
    ahead = Path(sys.argv[1])

    def clock() -> datetime:
        """The test's time."""
        return datetime.now(UTC) + timedelta(seconds=float(ahead.read_text()))

    run("dispatch", Settings, lambda settings: build(settings, clock))
