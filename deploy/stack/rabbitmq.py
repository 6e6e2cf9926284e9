"""RabbitMQ as any user: a node of its own, on loopback only, that touches no folder of the system."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.stack.errors import StackError
from deploy.stack.folder import write_private
from deploy.stack.ports import listening
from deploy.stack.processes import Launch
from deploy.stack.site import ACCOUNTS, Site
from shared.runtime.broker_accounts import OF_A_UNIT, PARTNERS, password_hash

# The node's data is filed under this name, so it never changes; each stack has an epmd of its own to know it.
NODE = "linli@localhost"

_KNOWN_PLACES = (
    "/usr/lib/rabbitmq/bin",  # Debian, Ubuntu, Fedora
    "/opt/homebrew/opt/rabbitmq/sbin",
    "/usr/local/opt/rabbitmq/sbin",
    "/home/linuxbrew/.linuxbrew/opt/rabbitmq/sbin",
    "/opt/rabbitmq/sbin",  # the official image
)

# A small community's load on a small machine. The write-ahead log is kept in memory as well, up to its limit.
_CONFIGURATION = """\
listeners.tcp.local = 127.0.0.1:{port}
load_definitions = {definitions}
log.console = true
log.console.level = info
log.file = false
vm_memory_high_watermark.absolute = 384MiB
disk_free_limit.absolute = 64MiB
raft.wal_max_size_bytes = 16777216
collect_statistics_interval = 60000
"""
_ACCOUNTS = """\
management.tcp.ip = 127.0.0.1
management.tcp.port = {accounts}
management.disable_stats = true
management_agent.disable_metrics_collector = true
"""


def find_server() -> Path | None:
    """RabbitMQ's own start script; None if it is not installed.

    The wrapper that Debian puts on the PATH is passed over: it insists on root or the user rabbitmq.
    """
    on_path = shutil.which("rabbitmq-server")
    candidates = [Path(place) / "rabbitmq-server" for place in _KNOWN_PLACES]
    if on_path:
        candidates.append(Path(on_path).resolve())
    return next(
        (script for script in candidates if script.exists() and (script.parent / "rabbitmq-env").exists()),
        None,
    )


@dataclass(frozen=True, slots=True)
class Epmd:
    """Erlang's port mapper, without which a node does not start. It outlives the node unless it is ended."""

    site: Site
    name: str = "epmd"
    patience: float = 10.0

    @property
    def ports(self) -> tuple[int, ...]:
        return (self.site.ports.of("epmd"),)

    def prepare(self) -> Launch:
        command = [_epmd(), "-port", str(self.ports[0]), "-address", "127.0.0.1"]
        return Launch(command, _erlang_environment(self.site), self.site.folder.path)

    def why_not_ready(self) -> str | None:
        return None if listening(self.ports[0]) else "it does not listen yet"


def end_epmd(site: Site) -> bool:
    """End whatever epmd serves this stack, also one that the node started by itself. Whether none is left."""
    if listening(site.ports.of("epmd")):
        subprocess.run([_epmd(), "-kill"], env=_erlang_environment(site), capture_output=True, timeout=10)
    return not listening(site.ports.of("epmd"))


@dataclass(frozen=True, slots=True)
class RabbitMQ:
    """The broker."""

    site: Site
    name: str = "rabbitmq"
    patience: float = 60.0

    @property
    def ports(self) -> tuple[int, ...]:
        names = ("rabbitmq", "rabbitmq-nodes", "rabbitmq-accounts")
        return tuple(self.site.ports.of(name) for name in names)

    def prepare(self) -> Launch:
        server = find_server()
        if server is None:
            raise StackError("rabbitmq-server is not installed; `make broker` installs it, or says how to")
        folder = self.site.folder.sub("rabbitmq")
        credentials = self.site.credentials
        passwords = {name: secret.broker for name, secret in credentials.services.items()}
        definitions = folder / "definitions.json"
        write_private(
            definitions, broker_definitions(passwords, credentials.operator.broker, credentials.accounts)
        )
        # By its name alone, which is looked up in the node's working folder: this file cannot say every path
        # (RabbitMQ 3.10 reads it as Latin-1, and cuts a value at a quotation mark).
        configuration = _CONFIGURATION.format(port=self.ports[0], definitions=definitions.name)
        if self.site.makes_accounts:
            configuration += _ACCOUNTS.format(accounts=self.ports[2])
        write_private(folder / "rabbitmq.conf", configuration)
        plugins = "rabbitmq_management" if self.site.makes_accounts else ""
        write_private(folder / "enabled_plugins", f"[{plugins}].\n")
        return Launch([str(server)], self._environment(folder), folder)

    def _environment(self, folder: Path) -> dict[str, str]:
        return _erlang_environment(self.site) | {
            "RABBITMQ_NODENAME": NODE,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.ports[0]),
            "RABBITMQ_DIST_PORT": str(self.ports[1]),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_MNESIA_BASE": str(self.site.folder.sub("rabbitmq/data")),
            "RABBITMQ_LOG_BASE": str(self.site.folder.sub("rabbitmq/logs")),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            # Makes the script become the node instead of staying as its parent, which would survive a kill of
            # the one and hide the death of the other.
            "RUNNING_UNDER_SYSTEMD": "true",
            # The machine's own settings for a system broker are none of this node's business.
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "none"),
        }

    def why_not_ready(self) -> str | None:
        """A broker answers the protocol header with Connection.Start, a method frame (AMQP 0-9-1, 2.2.4)."""
        try:
            with socket.create_connection(("127.0.0.1", self.ports[0]), timeout=2) as connection:
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                answer = connection.recv(1)
        except OSError as error:
            return f"no answer on port {self.ports[0]} ({error.strerror or error})"
        return None if answer == b"\x01" else "it does not speak AMQP 0-9-1 yet"


def broker_definitions(passwords: Mapping[str, str], operator: str, accounts: str) -> str:
    """Users and their rights, as the file that a broker loads (JSON); passwords by service, the operator's,
    and that of the user who makes the units' accounts.

    Each service has its own queues, and its own part of the exchange `events`. The units' queues are on a
    virtual host of their own, whose default exchange therefore leads to nothing else; there notify may
    write, and `notify-accounts` make queues. Making users takes an administrator: that is why this is
    another user than notify, whom nobody meets on the exchanges and queues of the services.
    """
    definitions = {
        "vhosts": [{"name": "/"}, {"name": PARTNERS}],
        "users": [
            *(_user(name, password) for name, password in passwords.items()),
            _user("operator", operator, tags=["administrator"]),
            _user(ACCOUNTS, accounts, tags=["administrator"]),
        ],
        "permissions": [
            *(_permission(name, rf"^(events|{name}\..*)$") for name in passwords),
            _permission("operator", ".*"),
            _permission("operator", ".*", PARTNERS),
            {"user": "notify", "vhost": PARTNERS, "configure": "", "write": r"^amq\.default$", "read": ""},
            {"user": ACCOUNTS, "vhost": PARTNERS, "configure": rf"^{OF_A_UNIT}", "write": "", "read": ""},
        ],
        "topic_permissions": [
            {"user": name, "vhost": "/", "exchange": "events", "write": rf"^{name}\..*", "read": ".*"}
            for name in passwords
        ],
    }
    return json.dumps(definitions, indent=2)


def _permission(user: str, resources: str, vhost: str = "/") -> dict[str, str]:
    return {"user": user, "vhost": vhost, "configure": resources, "write": resources, "read": resources}


def _user(name: str, password: str, tags: Sequence[str] = ()) -> dict[str, object]:
    return {
        "name": name,
        "password_hash": password_hash(password),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": list(tags),
        "limits": {},
    }


def _erlang_environment(site: Site) -> dict[str, str]:
    """For every Erlang program of this stack: a home of its own, for the cookie, and its own port mapper."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(site.folder.sub("rabbitmq")),
        "LANG": "C.UTF-8",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(site.ports.of("epmd")),
    }


def _epmd() -> str:
    """Erlang's port mapper; not every package puts it on the PATH. Raises StackError if there is none."""
    found = shutil.which("epmd")
    if found:
        return found
    erl = shutil.which("erl")
    if erl:
        # …/lib/erlang/bin/erl, with the runtime beside it in …/lib/erlang/erts-<version>/bin
        root = Path(erl).resolve().parent.parent
        for folder in (root, root / "lib" / "erlang"):
            for program in sorted(folder.glob("erts-*/bin/epmd")):
                return str(program)
    raise StackError("epmd, a part of Erlang that RabbitMQ needs, was not found on the PATH")
