"""Webhooks: one event by an HTTP POST, signed after Standard Webhooks 1.0."""

from __future__ import annotations

from datetime import datetime

import aiohttp

from services.notify.channels.channel import Channel, Parcel, Target
from services.notify.channels.faults import kind_of, reason_of
from services.notify.domain.schedule import Answer, read_retry_after
from services.notify.signing import signatures
from shared.kernel.canonical import decode_object, encode

READ_LIMIT = 16 * 1024
GONE = 410
_CLOUDEVENT = "application/cloudevents+json"
_DATA = "application/json"
_FAULTS = (aiohttp.ClientError, OSError, ValueError)
"""What a receiver can bring about. ValueError, UnicodeError included: what the driver or a codec makes of a
host that is none."""


class Webhook(Channel):
    """The channel. `session` is `open_session`'s: its deadline is that of every attempt, and what it must not
    connect to is `blocked`.

    Only a 2xx is a success, and only if its body ends, or goes past what is read of it, within the deadline.
    Redirects are not followed.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def send(self, target: Target, parcel: Parcel, now: datetime) -> Answer:
        """Try once.

        An answer without a status has one of these reasons: `blocked`, `timeout`, `dns`, `refused`, `tls`,
        `url`, `protocol` (what came is no HTTP), `reset`, `connection`. One with a status that is no success:
        `redirect`, `status`, or for a 2xx that broke off one of the reasons above.
        """
        [body] = parcel.bodies
        kind = _CLOUDEVENT
        if target.format == "data":
            body, kind = encode(decode_object(body)["data"]), _DATA
        timestamp = int(now.timestamp())
        headers = {
            "Content-Type": kind,
            "webhook-id": parcel.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signatures(target.secrets, parcel.id, timestamp, body),
        }
        try:
            response = await self._session.post(
                target.address, data=body, headers=headers, allow_redirects=False
            )
        except _FAULTS as error:
            return Answer(reason=reason_of(error), error=kind_of(error))
        try:
            return await _answer(response, now)
        finally:
            response.close()  # if it was read to its end, the connection is already back for the next


async def _answer(response: aiohttp.ClientResponse, now: datetime) -> Answer:
    """What `response` says, its body read as far as it is kept."""
    read = bytearray()
    fault: Exception | None = None
    try:
        while len(read) < READ_LIMIT and (chunk := await response.content.read(READ_LIMIT - len(read))):
            read += chunk
    except _FAULTS as error:
        fault = error
    status = response.status
    if 200 <= status < 300:
        if fault is None:
            return Answer(status, body=bytes(read))
        return Answer(status, reason=reason_of(fault), error=kind_of(fault), body=bytes(read))
    return Answer(
        status,
        retry_after=read_retry_after(response.headers.get("Retry-After"), now),
        reason="redirect" if 300 <= status < 400 else "status",
        body=bytes(read),
        gone=status == GONE,
    )
