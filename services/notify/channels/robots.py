"""Group robots of WeCom and DingTalk: one message in markdown for one event, or for a digest."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import aiohttp
from yarl import URL

from services.notify.channels.channel import Parcel, Target
from services.notify.channels.faults import kind_of, reason_of
from services.notify.domain.robots import Kind, payload, read_answer, signed_url
from services.notify.domain.schedule import Answer, read_retry_after
from services.notify.templates.texts import and_more, text

READ_LIMIT = 16 * 1024
OK = 200


class RobotChannel:
    """The channel of one `kind` of robot. `session` is `open_session`'s: its deadline is that of every
    attempt, and what it must not connect to is `blocked`. Redirects are not followed.
    """

    def __init__(self, kind: Kind, session: aiohttp.ClientSession) -> None:
        self._kind = kind
        self._session = session

    async def send(self, target: Target, parcel: Parcel, now: datetime) -> Answer:
        """Try once. Reasons: `throttled`, `robot-gone`, `robot` (any other code, or no code at all), `status`
        (HTTP's, if it is no 200), `redirect`, or why there was no answer, as of a webhook.
        """
        said = text(parcel.bodies, parcel.more, target.language)
        body = payload(self._kind, said.title, said.lines, said.more, partial(_rest, target))
        url = target.address
        if self._kind == "dingtalk" and target.secrets:
            url = signed_url(url, target.secrets[0], now)
        try:
            async with self._session.post(
                URL(url, encoded=True),
                data=body,
                headers={"Content-Type": "application/json"},
                allow_redirects=False,
            ) as response:
                return self._read(response, await _start_of(response), now)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(reason=reason_of(error), error=kind_of(error))

    def _read(self, response: aiohttp.ClientResponse, body: bytes, now: datetime) -> Answer:
        status = response.status
        if status == OK:
            return read_answer(self._kind, body)
        patience = read_retry_after(response.headers.get("Retry-After"), now)
        reason = "redirect" if 300 <= status < 400 else "status"
        return Answer(status, retry_after=patience, reason=reason, body=body)


def _rest(target: Target, count: int) -> str:
    return and_more(count, target.language)


async def _start_of(response: aiohttp.ClientResponse) -> bytes:
    """The body, as far as it is kept; what is longer is not waited for."""
    read = bytearray()
    while len(read) < READ_LIMIT and (chunk := await response.content.read(READ_LIMIT - len(read))):
        read += chunk
    if len(read) == READ_LIMIT:
        response.close()
    return bytes(read)
