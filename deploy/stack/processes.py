"""Processes that outlive the launcher: start them, recognise them later, end them.

A process is recognised by its id and its start time, so that an id which the system has since given to
somebody else is never taken for ours.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

_PROC = Path("/proc/self/stat").exists()
_LOG_LIMIT = 16 * 1024 * 1024
_KILL_PATIENCE = 10.0


class Process(BaseModel):
    """A process as it was when it was started: its id, and when that was (opaque, compared for equality)."""

    model_config = ConfigDict(frozen=True)

    pid: int
    started: str

    def running(self) -> bool:
        """Whether this very process still runs; one that has ended but was not waited for does not."""
        seen = _look(self.pid)
        if seen is None or seen.started != self.started:
            return False
        return not (seen.ended and self._waited_for())

    def _waited_for(self) -> bool:
        """Clear away a process that has ended; whether that is done. Its parent has to, which may be we."""
        try:
            return os.waitpid(self.pid, os.WNOHANG)[0] == self.pid
        except ChildProcessError:
            return True  # somebody else's child, and so theirs to wait for

    def signal(self, number: signal.Signals) -> None:
        """Send a signal if it still runs."""
        if self.running():
            with suppress(ProcessLookupError):  # it ended in between, which is what a signal is for here
                os.kill(self.pid, number)

    def gone_within(self, seconds: float) -> bool:
        """Wait until it has ended; False if it has not by then."""
        deadline = time.monotonic() + seconds
        while self.running():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def end(self, grace: float) -> bool:
        """SIGTERM, then SIGKILL after `grace` seconds. Whether it is gone."""
        self.signal(signal.SIGTERM)
        return self.gone_within(grace) or self.kill()

    def kill(self) -> bool:
        """SIGKILL. Whether it is gone."""
        self.signal(signal.SIGKILL)
        return self.gone_within(_KILL_PATIENCE)

    def memory_mb(self) -> float:
        """Resident memory in megabytes (10^6 bytes); 0 if it does not run."""
        kibibytes = _rss_in_proc(self.pid) if _PROC else _ps(self.pid, "rss=")
        return int(kibibytes) * 1024 / 1e6 if kibibytes else 0.0


@dataclass(frozen=True, slots=True)
class Launch:
    """How a part is started. Nothing but `env` is inherited."""

    command: Sequence[str]
    env: Mapping[str, str]
    cwd: Path


def end_of(log: Path) -> int:
    """How many bytes a log has. One that became too long is put aside first, in place of the one before."""
    if not log.exists():
        return 0
    size = log.stat().st_size
    if size < _LOG_LIMIT:
        return size
    log.replace(log.with_suffix(".log.1"))
    return 0


def spawn(launch: Launch, log: Path) -> Process:
    """Start a process in a session of its own, its output appended to `log`, its files private.

    Raises OSError if the command cannot be started.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(
            list(launch.command),
            env=dict(launch.env),
            cwd=launch.cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
        )
    seen = _look(child.pid)
    # It is meant to outlive this object, which would otherwise warn of a child that still runs.
    child.returncode = 0
    return Process(pid=child.pid, started=seen.started if seen else "ended")


def last_lines(log: Path, since: int, count: int = 15) -> str:
    """The last lines written to a log after byte `since`."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(since, log.stat().st_size - 16_384))
        text = file.read().decode(errors="replace")
    return "\n".join(text.rstrip().splitlines()[-count:])


@dataclass(frozen=True, slots=True)
class _Seen:
    ended: bool  # though nobody has waited for it yet
    started: str


def _look(pid: int) -> _Seen | None:
    return _look_in_proc(pid) if _PROC else _look_with_ps(pid)


def _look_in_proc(pid: int) -> _Seen | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field, a name in parentheses, may hold anything. After it: state, 17 further the number of
    # threads, 19 further the start. A process whose first thread alone has ended looks like a zombie, too.
    fields = text.rpartition(")")[2].split()
    return _Seen(ended=fields[0] in "ZX" and int(fields[17]) <= 1, started=f"{boot}/{fields[19]}")


def _look_with_ps(pid: int) -> _Seen | None:
    shown = _ps(pid, "stat=,lstart=")
    if not shown:
        return None
    state, _, started = shown.partition(" ")
    return _Seen(ended=state.startswith("Z"), started=started.strip())


def _ps(pid: int, columns: str) -> str:
    asked = subprocess.run(
        ["ps", "-o", columns, "-p", str(pid)],
        capture_output=True,
        text=True,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
    )
    return asked.stdout.strip()


def _rss_in_proc(pid: int) -> str:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return next((line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")), "")
