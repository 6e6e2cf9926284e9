"""The native stack: RabbitMQ, the embedded store and the four services, run by any user without root."""

from deploy.stack.choose import ephemeral, from_environment
from deploy.stack.credentials import SERVICES
from deploy.stack.errors import NotReady, PortTaken, StackError
from deploy.stack.part import PartStatus
from deploy.stack.site import StackFile
from deploy.stack.stack import PARTS, SERVERS, Stack

__all__ = [
    "PARTS",
    "SERVERS",
    "SERVICES",
    "NotReady",
    "PartStatus",
    "PortTaken",
    "Stack",
    "StackError",
    "StackFile",
    "ephemeral",
    "from_environment",
]
