"""Make sure that there is a rabbitmq-server: `python -m deploy.install_rabbitmq`.

Installs Debian's package where that is allowed. The broker that the package would run by itself, now and
after every boot, stays off. Elsewhere it says what to do and ends with exit code 1.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.stack.ports import listening
from deploy.stack.rabbitmq import find_server

_ADVICE = """\
Linli needs RabbitMQ (3.10 or newer), and rabbitmq-server was not found. One of these helps:

  Debian, Ubuntu   sudo apt-get install rabbitmq-server
                   (its service need not run: sudo systemctl disable --now rabbitmq-server)
  macOS            brew install rabbitmq
  Docker           docker run -d -p 127.0.0.1:5672:5672 \\
                       -e RABBITMQ_DEFAULT_USER=linli -e RABBITMQ_DEFAULT_PASS=<password> rabbitmq:4
                   LINLI_AMQP_URL=amqp://linli:<password>@127.0.0.1:5672/ make up
"""

_UNITS = ("rabbitmq-server.service", "epmd.service", "epmd.socket")
_DEFAULT_EPMD_PORT = 4369

# Debian's package scripts ask this file before they start a service; 101 means no.
_POLICY = Path("/usr/sbin/policy-rc.d")
_START_NOTHING = "#!/bin/sh\nexit 101\n"


def main() -> int:
    """Exit code 0 if RabbitMQ is there, is now, or is not needed since LINLI_AMQP_URL names another."""
    if os.environ.get("LINLI_AMQP_URL") or find_server():
        return 0
    privilege = _privilege()
    if privilege is not None and shutil.which("apt-get"):
        print("Installing rabbitmq-server through apt …", flush=True)
        problem = _install(privilege)
        if find_server():
            return 0
        print(problem, file=sys.stderr)
    print(_ADVICE, file=sys.stderr)
    return 1


def _privilege() -> list[str] | None:
    """What to put before a command so that root carries it out; None if that takes a password."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and _run(["sudo", "-n", "true"]).returncode == 0:
        return ["sudo", "-n"]
    return None


def _install(privilege: Sequence[str]) -> str:
    """Install the package and keep it from running; what apt said if it failed."""
    # Whatever was there before is none of our business and stays as it is.
    units = [unit for unit in _UNITS if not _enabled(unit)]
    epmd_ran = listening(_DEFAULT_EPMD_PORT)
    apt = [*privilege, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    apt += ["-o", "DPkg::Lock::Timeout=120"]
    with _nothing_started(privilege):
        updated = _run([*apt, "update"])
        installed = _run([*apt, "install", "--no-install-recommends", "rabbitmq-server"])
    if Path("/run/systemd/system").is_dir():
        _run([*privilege, "systemctl", "disable", "--now", *units])
    if not epmd_ran and listening(_DEFAULT_EPMD_PORT):
        _run([*privilege, "epmd", "-kill"])
    return "" if installed.returncode == 0 else f"{updated.stdout}{installed.stdout}".strip()


def _enabled(unit: str) -> bool:
    return shutil.which("systemctl") is not None and _run(["systemctl", "is-enabled", unit]).returncode == 0


@contextmanager
def _nothing_started(privilege: Sequence[str]) -> Iterator[None]:
    """While in here, packages that are installed start no services."""
    if _POLICY.exists():
        yield
        return
    with tempfile.NamedTemporaryFile("w", suffix=".policy") as file:
        file.write(_START_NOTHING)
        file.flush()
        _run([*privilege, "install", "-m", "755", file.name, str(_POLICY)])
    try:
        yield
    finally:
        _run([*privilege, "rm", "-f", str(_POLICY)])


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command without input; its output, both streams in one."""
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


if __name__ == "__main__":
    sys.exit(main())
