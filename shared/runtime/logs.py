"""Logs are events with fields, one JSON object a line; never a personal detail, never a secret."""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar
from typing import Protocol

import structlog
from structlog.typing import EventDict, WrappedLogger


class Call(Protocol):
    """A call: its ids, `traceparent` as in W3C Trace Context, and whether it is over."""

    request_id: str
    traceparent: str
    over: bool


# One variable, set once for each call; it is read only when a line is written.
CALL: ContextVar[Call | None] = ContextVar("linli-call", default=None)
"""The call that the running task handles; the edge sets it."""


def configure(service: str, level: str) -> None:
    """Send structlog's and the standard library's records to standard output as JSON lines."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _name_call,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    # The drivers report every reconnection as an error of their own; ours say the same once.
    for name in ("aio_pika", "aiormq", "pymongo"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _name_call(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Put `request_id` and `trace_id` into a line that is written while a call is handled.

    A task that was begun in a call and goes on after it inherits the variable, but no longer speaks of it.
    """
    call = CALL.get()
    if call is not None and not call.over:
        event.setdefault("request_id", call.request_id)
        event.setdefault("trace_id", call.traceparent[3:35])
    return event
