"""Group robots of WeCom and DingTalk: where they are, how they are signed to, what fits, what they answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from itertools import accumulate
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from services.notify.domain.address import Network, is_inside
from services.notify.domain.schedule import Answer
from shared.kernel.canonical import Json, decode_object, encode
from shared.kernel.decider import Refused, require

Kind = Literal["wecom", "dingtalk"]

URL_LENGTH = 2048
_KEY = re.compile(r"[A-Za-z0-9_-]{1,512}")


@dataclass(frozen=True, slots=True)
class Robot:
    """One kind of robot. `text_bytes` is what a markdown text may have, in UTF-8; a title is part of it.

    `throttled` are the answers to too many messages, after which it wants `silence` seconds; `permanent`
    those of a robot, a group or a setting that has to be mended by hand.
    """

    host: str
    path: str
    key: str
    text_bytes: int
    throttled: frozenset[int]
    permanent: frozenset[int]
    silence: float


# DingTalk says nothing of markdown alone; a whole message has 20,000 bytes. What is longer nobody reads.
ROBOTS: dict[Kind, Robot] = {
    "wecom": Robot(
        host="qyapi.weixin.qq.com",
        path="/cgi-bin/webhook/send",
        key="key",
        text_bytes=4096,
        throttled=frozenset({45009}),
        permanent=frozenset({93000}),
        silence=60.0,
    ),
    "dingtalk": Robot(
        host="oapi.dingtalk.com",
        path="/robot/send",
        key="access_token",
        text_bytes=8192,
        throttled=frozenset({130101}),
        permanent=frozenset({300005, 310000}),
        silence=600.0,
    ),
}


def check_robot(kind: Kind, url: str, allowed: Sequence[Network]) -> None:
    """Raise Refused(address-not-allowed) unless `url` is that of a robot as its group shows it.

    Another host may stand for it only as an address inside of the networks that this deployment allows.
    """
    robot = ROBOTS[kind]
    wanted = f"the address is https://{robot.host}{robot.path}?{robot.key}=… as the robot's page shows it"
    parts, host, port = _split(url, wanted)
    inside = _is_inside(host, allowed)
    public = parts.scheme == "https" and host == robot.host and port in (None, 443)
    _require(public or (inside and parts.scheme in ("http", "https")), wanted)
    _require(parts.path == robot.path or (inside and parts.path.endswith(robot.path)), wanted)
    query = parse_qsl(parts.query, keep_blank_values=True)
    only = f"behind the ? is {robot.key}=… alone; a secret for signatures is given as such"
    _require(len(query) == 1 and query[0][0] == robot.key, only)
    _require(_KEY.fullmatch(query[0][1]) is not None, wanted)


def sign(secret: str, timestamp: int) -> str:
    """DingTalk's signature at `timestamp` (Unix milliseconds), as it stands in a URL."""
    signed = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()
    return quote(base64.b64encode(signed), safe="")


def signed_url(url: str, secret: str, now: datetime) -> str:
    """`url` with DingTalk's signature of an attempt at `now`; it is good for an hour."""
    timestamp = int(now.timestamp() * 1000)
    return f"{url}&timestamp={timestamp}&sign={sign(secret, timestamp)}"


def payload(kind: Kind, title: str, lines: Sequence[str], more: int, rest: Callable[[int], str]) -> bytes:
    """The body of a message in markdown: as many of `lines` as fit, and `rest` of how many do not, or are
    `more`, which are not in `lines` at all."""
    text = fit(f"### {title}", [f"- {line}" for line in lines], more, rest, ROBOTS[kind].text_bytes)
    if kind == "wecom":
        return encode({"msgtype": "markdown", "markdown": {"content": text}})
    markdown: dict[str, Json] = {"title": _cut(_valid(title), 128), "text": text}
    return encode({"msgtype": "markdown", "markdown": markdown, "at": {"atMobiles": [], "isAtAll": False}})


def fit(head: str, lines: Sequence[str], more: int, rest: Callable[[int], str], limit: int) -> str:
    """`head` and `lines`, cut between lines to `limit` bytes of UTF-8; never inside of a character.

    Only a first line, which is too long by itself, is cut inside.
    """
    head, valid = _cut(_valid(head), limit // 4), [_valid(line) for line in lines]
    reached = [*accumulate(_size(line) for line in valid)]
    for kept in range(bisect_right(reached, limit), 0, -1):
        text = _joined(head, valid[:kept], more + len(valid) - kept, rest)
        if _size(text) <= limit:
            return text
    tail = _joined("", [], more + max(len(valid) - 1, 0), rest)
    first = _cut(valid[0], limit - _size(head) - _size(tail) - 4) if valid else ""
    return "\n\n".join(part for part in (head, first, tail) if part)


def _joined(head: str, lines: Sequence[str], more: int, rest: Callable[[int], str]) -> str:
    parts = (head, "\n".join(lines), _valid(rest(more)) if more else "")
    return "\n\n".join(part for part in parts if part)


def _cut(text: str, limit: int) -> str:
    """`text` in at most `limit` bytes, with a sign that something is missing."""
    if _size(text) <= limit:
        return text
    return text.encode()[: max(limit - 3, 0)].decode(errors="ignore") + "…"


def _size(text: str) -> int:
    return len(text.encode())


def _valid(text: str) -> str:
    """`text` without what no UTF-8 can say."""
    return text.encode(errors="replace").decode()


def read_answer(kind: Kind, body: bytes) -> Answer:
    """What a robot says in `body`, with HTTP's 200: a 200, or its own code and why it is no success."""
    robot = ROBOTS[kind]
    code = _errcode(body)
    if code == 0:
        return Answer(200, body=body)
    if code in robot.throttled:
        return Answer(code, retry_after=robot.silence, reason="throttled", body=body)
    if code in robot.permanent:
        return Answer(code, reason="robot-gone", body=body, gone=True)
    return Answer(code, reason="robot", body=body)


def _errcode(body: bytes) -> int | None:
    try:
        code = decode_object(body).get("errcode")
    except ValueError:
        return None
    # bool is an int; what no column of the store holds is no code either.
    return code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 2**31 else None


def _split(url: str, wanted: str) -> tuple[SplitResult, str, int | None]:
    plain = (
        len(url) <= URL_LENGTH and url.isascii() and url.isprintable() and not set(url) & set(' \\"<>^`{|}#')
    )
    _require(plain, wanted)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Refused("address-not-allowed", wanted) from None
    _require("@" not in parts.netloc, "the address holds no user and no password")
    return parts, host, port


def _is_inside(host: str, allowed: Sequence[Network]) -> bool:
    try:
        return is_inside(ip_address(host), allowed)
    except ValueError:
        return False


def _require(condition: bool, message: str) -> None:
    require(condition, "address-not-allowed", message)
