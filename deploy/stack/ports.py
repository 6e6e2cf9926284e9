"""Which part listens where. All on loopback, all counted from one base, so that copies run side by side."""

import secrets
import socket
from dataclasses import dataclass

_OFFSETS = {
    "registry": 1,
    "dispatch": 2,
    "notify": 3,
    "audit": 4,
    "rabbitmq": 10,
    "rabbitmq-nodes": 11,
    "epmd": 12,
    "store": 13,
    "rabbitmq-accounts": 14,
}
# Below the ports that kernels hand out to outgoing connections, which could take one between look and use.
_EPHEMERAL_BASES = range(18_000, 32_000, 20)


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one stack. `base` is LINLI_PORT_BASE."""

    base: int

    def of(self, part: str) -> int:
        """The port of a part: a service, `rabbitmq` (AMQP), `rabbitmq-nodes`, `rabbitmq-accounts` (HTTP),
        `epmd` or `store`."""
        return self.base + _OFFSETS[part]


def listening(port: int) -> bool:
    """Whether anybody accepts connections on 127.0.0.1:`port`."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def taken(port: int) -> bool:
    """Whether a server could not listen on 127.0.0.1:`port` now."""
    if listening(port):
        return True
    with socket.socket() as probe:
        # Connections of an earlier run that linger in TIME_WAIT do not hinder a server.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def free_base() -> int:
    """A base for a throw-away stack, at random, all of whose ports are free now."""
    while True:
        base = secrets.choice(_EPHEMERAL_BASES)
        if not any(taken(base + offset) for offset in _OFFSETS.values()):
            return base
