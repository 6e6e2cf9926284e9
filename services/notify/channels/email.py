"""E-mail through the deployment's own mail server: one message for one event, or for a digest."""

from __future__ import annotations

import asyncio
import re
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from html import escape
from urllib.parse import unquote, urlsplit

import aiosmtplib

from services.notify.channels.channel import Parcel, Target
from services.notify.channels.faults import kind_of, reason_of
from services.notify.domain.mailbox import check_mailbox
from services.notify.domain.schedule import Answer
from services.notify.templates.texts import Text, and_more, sent_to, text
from shared.events.notify import Language
from shared.kernel.decider import Refused

READ_LIMIT = 16 * 1024
QUIT_S = 0.5
"""How long a server may take to say goodbye: what it took, it took."""
PATIENCE_S = 60.0
"""What a server that says "later" is given at least: one that greylists wants some minutes."""
UNKNOWN_MAILBOX = frozenset({550, 551, 553})

# What comes out is ASCII, so that any server takes it.
_POLICY = SMTP_POLICY.clone(cte_type="7bit")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,119}")
_TAGS: dict[Language, str] = {"zh": "zh-CN", "en": "en"}


@dataclass(frozen=True, slots=True)
class Server:
    """The mail server that mail is handed to; `tls` from the first byte on, else by STARTTLS: whenever it is
    offered, and always where there is a password."""

    host: str
    port: int
    tls: bool
    user: str | None = None
    password: str = ""

    @classmethod
    def of(cls, url: str) -> Server:
        """What `smtp://user:password@host:port` or `smtps://…` says, which the settings have checked."""
        parts = urlsplit(url)
        tls, user = parts.scheme == "smtps", unquote(parts.username) if parts.username else None
        port = parts.port or (465 if tls else 25 if user is None else 587)
        return cls(parts.hostname or "", port, tls, user, unquote(parts.password or ""))


class Email:
    """The channel. `sender` is `linli@example.org` or `Name <linli@example.org>`; `deadline`, in seconds, is
    for everything from the connection to the last answer."""

    def __init__(self, server: Server, sender: str, deadline: float) -> None:
        self._server = server
        name, self._sender = parseaddr(sender)
        self._from = Address(name, addr_spec=self._sender)
        self._deadline = deadline
        self._tls = ssl.create_default_context()

    async def send(self, target: Target, parcel: Parcel, now: datetime) -> Answer:
        """Try once. A status is SMTP's. Reasons: `smtp-temporary` (4yz), `mailbox` (there is none of that
        name), `smtp-refused` (any other 5yz), `smtp-login` (the server does not take our password),
        `address` (not one that may be written to), or why there was no answer, as of a webhook."""
        try:
            check_mailbox(target.address)
        except Refused:
            return Answer(reason="address")
        message = self._message(target, parcel, now).as_bytes()
        client = self._client()
        try:
            async with asyncio.timeout(self._deadline):
                answer = await self._hand_over(client, target.address, message)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            answer = _answer(error)
        else:
            await _say_goodbye(client)
        finally:
            client.close()
        return _without(target.address, answer)

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            # Left to itself it would ask the name service who we are, and wait for that.
            local_hostname=self._from.domain,
            timeout=self._deadline,
            use_tls=server.tls,
            start_tls=False if server.tls else True if server.user is not None else None,
            tls_context=self._tls,
        )

    async def _hand_over(self, client: aiosmtplib.SMTP, address: str, message: bytes) -> Answer:
        await client.connect()
        if self._server.user is not None:
            await client.ehlo()
            if not client.supports_extension("auth"):
                return Answer(reason="smtp-login")
            await client.login(self._server.user, self._server.password)
        await client.mail(self._sender)
        await client.rcpt(address)
        said = await client.data(message)
        return Answer(said.code, body=said.message.encode())

    def _message(self, target: Target, parcel: Parcel, now: datetime) -> EmailMessage:
        """In plain text and in HTML. The same parcel has the same Message-ID at every attempt, so that one
        that came twice is folded into one."""
        said = text(parcel.bodies, parcel.more, target.language)
        tag = _TAGS[target.language]
        id = parcel.id if _ID.fullmatch(parcel.id) else sha256(parcel.id.encode()).hexdigest()
        message = EmailMessage(policy=_POLICY)
        message["From"] = self._from
        message["To"] = Address(addr_spec=target.address)
        message["Subject"] = said.title
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<{id}@{self._from.domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers
        message.set_content(_plain(said, target))
        message.add_alternative(_html(said, target, tag), subtype="html")
        message["Content-Language"] = tag  # before, it would be moved into the first part
        return message


def _plain(said: Text, target: Target) -> str:
    more = [and_more(said.more, target.language)] if said.more else []
    return "\n\n".join([*said.lines, *more, f"-- \n{sent_to(target.endpoint, target.language)}"]) + "\n"


def _html(said: Text, target: Target, tag: str) -> str:
    more = [and_more(said.more, target.language)] if said.more else []
    lines = "\n".join(f"<p>{escape(line)}</p>" for line in [*said.lines, *more])
    return (
        f'<!DOCTYPE html>\n<html lang="{tag}">\n<head><meta charset="utf-8">'
        f"<title>{escape(said.title)}</title></head>\n<body>\n{lines}\n"
        f"<hr>\n<p><small>{escape(sent_to(target.endpoint, target.language))}</small></p>\n</body>\n</html>\n"
    )


async def _say_goodbye(client: aiosmtplib.SMTP) -> None:
    with suppress(aiosmtplib.SMTPException, OSError):
        async with asyncio.timeout(QUIT_S):
            await client.quit()


def _answer(error: Exception) -> Answer:
    """What an `error` of the conversation means."""
    if type(error) is aiosmtplib.SMTPException:
        return Answer(reason="tls", error=kind_of(error))  # no STARTTLS, without which no password is said
    if not isinstance(error, aiosmtplib.SMTPResponseException):
        return Answer(reason=reason_of(error), error=kind_of(error))
    said = error.message.encode(errors="replace")[:READ_LIMIT]
    if 400 <= error.code < 500:
        return Answer(error.code, retry_after=PATIENCE_S, reason="smtp-temporary", body=said)
    if not 500 <= error.code < 600:
        return Answer(reason="protocol", error=kind_of(error), body=said)
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return Answer(error.code, reason="smtp-login", body=said)
    # 5.7.x (RFC 3463): it has such a mailbox, and will not let us write to it.
    unknown = error.code in UNKNOWN_MAILBOX and not error.message.startswith("5.7.")
    no_mailbox = unknown and isinstance(error, aiosmtplib.SMTPRecipientRefused)
    return Answer(error.code, reason="mailbox" if no_mailbox else "smtp-refused", body=said)


def _without(address: str, answer: Answer) -> Answer:
    """`answer`, without the address in what the server said."""
    said = re.sub(re.escape(address.encode()), b"...", answer.body, flags=re.IGNORECASE)
    return Answer(
        answer.status, answer.retry_after, answer.reason, answer.error, said[:READ_LIMIT], answer.gone
    )
