"""One attempt to deliver: prepare, send, classify. What came of it is for the caller to record."""

from __future__ import annotations

import random
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import aiohttp
import structlog

from services.notify.deliveries import Delivery
from services.notify.domain.schedule import Answer, judge, read_retry_after
from services.notify.endpoints import Target
from services.notify.engine.connection import AddressRefused
from services.notify.engine.metrics import ATTEMPTS
from services.notify.signing import headers
from shared.events.notify import DeliveryOutcome
from shared.kernel.times import to_milliseconds
from shared.runtime.broker import CONTENT_TYPE

READ_LIMIT = 16 * 1024

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request, ready to be sent."""

    url: str
    headers: Mapping[str, str]
    body: bytes


def prepare(target: Target, delivery: Delivery, now: datetime) -> Prepared:
    """The signed request of an attempt at `now`."""
    signed = headers(target.key, delivery.event, int(now.timestamp()), delivery.body)
    return Prepared(target.url, {"Content-Type": CONTENT_TYPE, **signed}, delivery.body)


async def send(session: aiohttp.ClientSession, request: Prepared) -> Answer:
    """Send it once. No answer within the session's deadline, body included, is an answer without a status;
    so is a URL that cannot be connected to."""
    try:
        async with session.post(
            request.url, data=request.body, headers=request.headers, allow_redirects=False
        ) as response:
            await _read_some(response)
            answer = Answer(response.status)
            if answer.accepted:
                return answer
            patience = read_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
            return replace(answer, retry_after=patience)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        # ValueError, UnicodeError included: what the driver or a codec makes of a host that is none.
        return Answer(reason=_reason(error), error=_kind(error))


async def _read_some(response: aiohttp.ClientResponse) -> None:
    """Read the body to its end, so that the connection can be used again, unless it is a long one."""
    size = 0
    while chunk := await response.content.read(READ_LIMIT - size):
        size += len(chunk)
        if size >= READ_LIMIT:
            response.close()
            return


def _kind(error: BaseException) -> str:
    """What went wrong, without the address that the driver's own message holds."""
    cause = error.__cause__
    return type(error).__name__ if cause is None else f"{type(error).__name__}/{type(cause).__name__}"


_REASONS: Sequence[tuple[str, tuple[type[BaseException], ...]]] = (
    ("blocked", (AddressRefused,)),
    ("timeout", (TimeoutError,)),
    ("dns", (aiohttp.ClientConnectorDNSError, socket.gaierror)),
    ("tls", (aiohttp.ClientSSLError, ssl.SSLError)),
    ("refused", (ConnectionRefusedError,)),
    ("url", (aiohttp.InvalidURL, UnicodeError)),
)


def _reason(error: BaseException) -> str:
    """A short code for it: one of those above, else `connection`."""
    met = [error, *([error.os_error] if isinstance(error, aiohttp.ClientConnectorError) else [])]
    for code, kinds in _REASONS:
        if any(isinstance(each, kinds) for each in met):
            return code
    return "connection"


def classify(delivery: Delivery, answer: Answer, schedule: Sequence[float], at: datetime) -> DeliveryOutcome:
    """What `answer`, which came `at` this moment, means for `delivery`."""
    attempt = delivery.attempts + 1
    verdict = judge(answer, attempt, schedule, random.uniform(-1, 1))
    ATTEMPTS.labels(verdict.outcome).inc()
    return DeliveryOutcome(
        event=delivery.event,
        endpoint=delivery.endpoint,
        unit=delivery.unit,
        attempt=attempt,
        outcome=verdict.outcome,
        status=answer.status,
        error=answer.reason,
        at=at,
        next_at=None if verdict.wait is None else to_milliseconds(at + timedelta(seconds=verdict.wait)),
    )


async def attempt(
    session: aiohttp.ClientSession, target: Target, delivery: Delivery, schedule: Sequence[float]
) -> DeliveryOutcome:
    """Make one attempt. `schedule` is the seconds to wait after each failed one."""
    answer = await send(session, prepare(target, delivery, datetime.now(UTC)))
    outcome = classify(delivery, answer, schedule, to_milliseconds(datetime.now(UTC)))
    if outcome.outcome != "delivered":
        log.info(
            f"attempt-{outcome.outcome}",
            endpoint=delivery.endpoint,
            event_id=delivery.event,
            attempt=outcome.attempt,
            status=answer.status,
            reason=answer.reason,
            error=answer.error,
        )
    return outcome


def withheld(delivery: Delivery, schedule: Sequence[float]) -> DeliveryOutcome:
    """No attempt was made: no agreement with the unit is in force, as far as is known here. Word of one may
    be on its way, so it is tried again like any that failed."""
    at = to_milliseconds(datetime.now(UTC))
    log.info("delivery-withheld", endpoint=delivery.endpoint, event_id=delivery.event)
    return classify(delivery, Answer(reason="no-agreement"), schedule, at)
