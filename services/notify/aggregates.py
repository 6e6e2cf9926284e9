"""The streams of endpoints, that notify decides on."""

from __future__ import annotations

from services.notify.domain.endpoint import ENDPOINT
from services.notify.domain.endpoint_commands import Command
from shared.events.index import decode
from shared.folds.endpoint import Endpoint
from shared.kernel.event import Event
from shared.runtime.execute import Aggregate

ENDPOINTS: Aggregate[Command, Endpoint, Event] = Aggregate(ENDPOINT, decode)
