"""One attempt to deliver: prepare, send, classify."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic

import structlog

from services.notify.channels.channel import Channel, Parcel, Target
from services.notify.domain.schedule import Answer, judge
from services.notify.endpoints import Endpoint
from services.notify.engine.job import Job
from services.notify.engine.metrics import COUNTED
from services.notify.letters import Message
from shared.events.notify import Attempted, Failed
from shared.kernel.canonical import decode_object
from shared.kernel.times import to_milliseconds

log = structlog.get_logger()


async def attempt(
    channel: Channel, target: Target, endpoint: Endpoint, job: Job, schedule: Sequence[float]
) -> tuple[Attempted, Answer]:
    """Make one attempt. `schedule` is the seconds to wait after each failed one."""
    message = job.message
    began = monotonic()
    parcel = Parcel(message.id, message.bodies, message.more)
    answer = await channel.send(target, parcel, datetime.now(UTC))
    took_ms = int((monotonic() - began) * 1000)
    return classify(endpoint, job, answer, schedule, to_milliseconds(datetime.now(UTC)), took_ms), answer


def _events_of(message: Message) -> tuple[str, ...]:
    return tuple(str(decode_object(body)["id"]) for body in message.bodies)


def classify(
    endpoint: Endpoint, job: Job, answer: Answer, schedule: Sequence[float], at: datetime, took_ms: int
) -> Attempted:
    """What `answer`, which came `at` this moment, means for the delivery."""
    before = job.pending
    verdict = judge(answer, before.step if before else 0, schedule, random.uniform(-1, 1), job.counts)
    COUNTED[verdict.outcome].inc()
    message = job.message
    made = Attempted.model_construct(
        message=message.id,
        type=message.type,
        endpoint=endpoint.id,
        box=message.box,
        unit=endpoint.unit,
        channel=endpoint.facts.channel,
        number=message.number,
        attempt=(before.attempts if before else 0) + 1,
        status=answer.status,
        at=at,
        took_ms=took_ms,
        events=_events_of(message) if len(message.bodies) > 1 else (),
    )
    if verdict.outcome == "delivered":
        return made
    error = answer.reason or "status"
    next_at = None if verdict.wait is None else to_milliseconds(at + timedelta(seconds=verdict.wait))
    log.info(
        f"attempt-{verdict.outcome}",
        endpoint=endpoint.id,
        message=message.id,
        attempt=made.attempt,
        status=answer.status,
        reason=error,
        error=answer.error,
    )
    return Failed(**made.__dict__, error=error, step=verdict.step, next_at=next_at)
