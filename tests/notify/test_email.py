"""E-mail, against real mail servers on loopback."""

from __future__ import annotations

import asyncio
import email
import json
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, cast

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.notify.channels.channel import Parcel, Target
from services.notify.channels.email import Email, Server
from services.notify.domain.mailbox import check_mailbox
from services.notify.domain.schedule import Answer
from shared.events.notify import Language
from shared.kernel.decider import Refused
from shared.runtime.settings import NotifySettings, wrong_settings
from tests.support.waiting import until
from tests.support.wire import Certificate, certificate

NOW = datetime(2026, 11, 24, 3, 30, tzinfo=UTC)
MEI = "mei.wang+linli@health.example"
SENDER = "邻里 Linli <linli@shaba.example>"
REQUEST = "request-0192f5d0-7c1e-7a44-9d3b-5f0e6c2a1b47"


def event(service: str = "home-visit", subject: str = REQUEST, **more: object) -> bytes:
    document = {
        "id": "e-1",
        "type": "request-created",
        "subject": subject,
        "time": "2026-11-24T03:29:28.123Z",
    }
    data = {"service": service, "grid": "grid-3", "priority": "urgent", "units": ["unit-1"]}
    return json.dumps({**document, "data": data, **more}).encode()


@dataclass
class MailServer:
    """A mail server. It says what `to_rcpt` and `to_data` say, then that all is well."""

    port: int = 0
    to_rcpt: deque[str] = field(default_factory=deque)
    to_data: deque[str] = field(default_factory=deque)
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    by_tls: list[bool] = field(default_factory=list)
    helos: list[str | None] = field(default_factory=list)
    passwords: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_rcpt:
            return self.to_rcpt.popleft()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.to_data:
            return self.to_data.popleft()
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content, _class=EmailMessage, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.envelopes.append(envelope)
        self.by_tls.append(session.ssl is not None)
        self.helos.append(session.host_name)
        return "250 2.0.0 queued as 4711"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.passwords.append((data.login, data.password))
        return AuthResult(success=data.password == b"p@ss/word", handled=False)


@asynccontextmanager
async def mail_server(
    tls: ssl.SSLContext | None = None, auth_required: bool = False
) -> AsyncIterator[MailServer]:
    """A mail server on a free port of 127.0.0.1; with `tls` it offers STARTTLS, and takes a password."""
    found = MailServer()

    def conversation() -> SMTP:
        return SMTP(
            found,
            hostname="mx.example",
            tls_context=tls,
            auth_required=auth_required,
            authenticator=found.authenticate,
        )

    async with served(conversation) as port:
        found.port = port
        yield found


@asynccontextmanager
async def served(
    conversation: Callable[[], asyncio.BaseProtocol], tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(conversation, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as found:
        yield found


def target(address: str = MEI, language: Language = "zh") -> Target:
    return Target("endpoint-1", "unit-1", address, language=language)


async def send(
    port: int,
    *bodies: bytes,
    url: str = "smtp://localhost:{port}",
    to: Target | None = None,
    parcel: str = "0192f5d0-7c1e",
    more: int = 0,
    deadline: float = 5.0,
) -> Answer:
    channel = Email(Server.of(url.format(port=port)), SENDER, deadline)
    return await channel.send(to or target(), Parcel(parcel, bodies or [event()], more), NOW)


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert isinstance(found, EmailMessage)
    return str(found.get_content()).replace("\r\n", "\n")


async def test_one_event_comes_as_plain_text_and_as_html(server: MailServer) -> None:
    answer = await send(server.port)
    assert answer == Answer(250, body=b"2.0.0 queued as 4711")
    assert answer.accepted
    [mail], [envelope] = server.mails, server.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("linli@shaba.example", [MEI])
    assert mail["From"] == SENDER
    assert mail["To"] == MEI
    assert mail["Subject"] == f"邻里：新请求 {REQUEST}"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "zh-CN"
    assert parsedate_to_datetime(mail["Date"]) == NOW
    assert mail.get_content_type() == "multipart/alternative"
    sentence = f"新请求 {REQUEST}：服务 home-visit，网格 grid-3，优先级 高"
    assert part(mail, "plain").startswith(f"{sentence}\n\n发生时间：2026年11月24日 11:29（北京时间）\n\n")
    assert "端点 endpoint-1" in part(mail, "plain")
    assert f"<p>{sentence}</p>" in part(mail, "html")
    assert '<html lang="zh-CN">' in part(mail, "html")


async def test_what_is_sent_is_ascii_and_short_lines_for_any_server(server: MailServer) -> None:
    await send(server.port)
    [envelope] = server.envelopes
    assert isinstance(envelope.content, bytes)
    assert envelope.content.isascii()
    assert max(len(line) for line in envelope.content.split(b"\r\n")) <= 998
    assert server.helos == ["shaba.example"]


async def test_every_attempt_of_a_parcel_has_the_same_message_id(server: MailServer) -> None:
    for parcel in ("parcel-1", "parcel-1", "parcel-2", "digest of\r\nBcc: x", "摘要"):
        assert (await send(server.port, parcel=parcel)).accepted
    ids = [str(mail["Message-ID"]) for mail in server.mails]
    assert ids[:3] == ["<parcel-1@shaba.example>"] * 2 + ["<parcel-2@shaba.example>"]
    assert len(set(ids)) == 4
    assert all(mail["Bcc"] is None for mail in server.mails)


async def test_a_digest_has_a_line_for_each_event_and_says_how_many_more(server: MailServer) -> None:
    events = [event(f"service-{number}") for number in range(60)]
    assert (await send(server.port, *events, to=target(language="en"), more=5)).accepted
    [mail] = server.mails
    assert mail["Subject"] == "Linli: 65 notifications"
    lines = part(mail, "plain").split("\n\n")
    assert [f"service service-{number}," in line for number, line in enumerate(lines[:60])] == [True] * 60
    assert lines[60] == "and 5 more"
    assert lines[61].startswith("-- \nSent to the endpoint endpoint-1.")
    assert part(mail, "html").count("<p>24 Nov 2026, 11:29 New request") == 60


async def test_what_a_body_holds_is_text_and_no_header_and_no_markup(server: MailServer) -> None:
    odd = event("<b>&\r\nBcc: all@example.org", "r\r\nX-Odd: 1\r\n\r\nhello 🙂 \u2028", time="<i>")
    assert (await send(server.port, odd, odd.replace(b'"e-1"', b"1"), b"\xff")).accepted
    assert (await send(server.port, odd)).accepted
    for mail in server.mails:
        assert {"x-odd", "bcc"}.isdisjoint(name.lower() for name in mail)
        assert "<b>" not in part(mail, "html")
        assert "<i>" not in part(mail, "html")
    assert "🙂" in server.mails[1]["Subject"]


@pytest.mark.parametrize(
    ("said", "reason", "retry_after"),
    [
        ("451 4.7.1 Greylisted, come back later", "smtp-temporary", 60.0),
        ("452 4.2.2 Mailbox full", "smtp-temporary", 60.0),
        ("421 4.3.2 Shutting down", "smtp-temporary", 60.0),
        (f"550 5.1.1 <{MEI.upper()}>: no such user here", "mailbox", 0.0),
        ("550 No such user", "mailbox", 0.0),
        ("551 User not local", "mailbox", 0.0),
        ("553 5.1.3 Bad mailbox syntax", "mailbox", 0.0),
        ("550 5.7.1 Relaying denied", "smtp-refused", 0.0),
        ("552 5.2.2 Over quota", "smtp-refused", 0.0),
        ("554 5.7.1 Blocked", "smtp-refused", 0.0),
    ],
)
async def test_what_a_server_says_to_the_recipient_says_what_to_do(
    server: MailServer, said: str, reason: str, retry_after: float
) -> None:
    server.to_rcpt.append(said)
    answer = await send(server.port)
    assert not answer.accepted
    assert (answer.status, answer.reason, answer.retry_after) == (int(said[:3]), reason, retry_after)
    assert not answer.gone
    assert answer.body
    assert MEI.encode() not in answer.body.lower()
    assert server.mails == []
    assert (await send(server.port)).accepted


@pytest.mark.parametrize(
    ("said", "reason"), [("550 5.7.1 Spam", "smtp-refused"), ("451 4.3.0 Try again", "smtp-temporary")]
)
async def test_a_mail_that_is_refused_as_a_whole_says_nothing_of_the_mailbox(
    server: MailServer, said: str, reason: str
) -> None:
    server.to_data.append(said)
    answer = await send(server.port)
    assert (answer.status, answer.reason) == (int(said[:3]), reason)


class Script(asyncio.Protocol):
    """A server that greets with `greeting`, answers everything with `answer`, and both only if it has one."""

    def __init__(self, greeting: bytes, answer: bytes = b"", drops: bool = False) -> None:
        self._greeting, self._answer, self._drops = greeting, answer, drops

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._greeting)
        if self._drops:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._transport.write(self._answer)


@pytest.mark.parametrize(
    ("script", "status", "reason"),
    [
        (lambda: Script(b""), None, "timeout"),
        (lambda: Script(b"220 mx.example\r\n"), None, "timeout"),
        (lambda: Script(b"", drops=True), None, "connection"),
        (lambda: Script(b"554 5.7.1 Go away\r\n"), 554, "smtp-refused"),
        (lambda: Script(b"421 4.7.0 Too many\r\n"), 421, "smtp-temporary"),
        (lambda: Script(b"HTTP/1.1 200 OK\r\n\r\n"), None, "protocol"),
        (lambda: Script(b"220 mx\r\n", b"\xff\xfe\r\n"), None, "protocol"),
    ],
)
async def test_a_server_that_hangs_or_speaks_otherwise_is_an_answer_in_time(
    script: Callable[[], Script], status: int | None, reason: str
) -> None:
    async with served(script) as port:
        started = asyncio.get_running_loop().time()
        answer = await send(port, deadline=0.3)
        assert (answer.status, answer.reason) == (status, reason)
        assert asyncio.get_running_loop().time() - started < 3


async def test_the_deadline_is_over_the_whole_conversation() -> None:
    """Each answer comes well within it, all of them do not."""

    class Slow(Script):
        def data_received(self, data: bytes) -> None:
            asyncio.get_running_loop().call_later(0.2, self._transport.write, b"250 OK\r\n")

    async with served(lambda: Slow(b"220 mx.example\r\n")) as port:
        assert (await send(port, deadline=0.5)).reason == "timeout"


async def test_what_was_taken_is_taken_though_the_server_never_says_goodbye(server: MailServer) -> None:
    class Silent(Script):
        ended = False

        def data_received(self, data: bytes) -> None:
            if data.startswith(b"DATA"):
                self._transport.write(b"354 go on\r\n")
            elif not data.startswith(b"QUIT"):
                self._transport.write(b"250 OK\r\n")

        def connection_lost(self, error: Exception | None) -> None:
            Silent.ended = True

    async with served(lambda: Silent(b"220 mx.example\r\n")) as port:
        assert (await send(port)).accepted
        await until(lambda: Silent.ended)


async def test_nobody_there_and_no_such_host_are_told_apart() -> None:
    assert (await send(1)).reason == "refused"
    assert (await send(1, url="smtp://mail.invalid:{port}")).reason == "dns"


@pytest.fixture
def localhost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """A certificate that this process trusts, as a deployment trusts one of its own making."""
    made = certificate("localhost", tmp_path)
    (tmp_path / "trusted.pem").write_text(made.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    return made


WITH_PASSWORD = "smtp://linli%40shaba:p%40ss%2Fword@localhost:{port}"


async def test_starttls_is_used_where_it_is_offered(localhost: Certificate) -> None:
    async with mail_server(localhost.served) as server:
        assert (await send(server.port)).accepted
        assert (server.by_tls, server.passwords) == ([True], [])


async def test_a_password_goes_by_tls(localhost: Certificate) -> None:
    async with mail_server(localhost.served, auth_required=True) as server:
        assert (await send(server.port, url=WITH_PASSWORD)).accepted
        assert server.by_tls == [True]
        assert server.passwords == [(b"linli@shaba", b"p@ss/word")]
        refused = await send(server.port, url=WITH_PASSWORD.replace("word", "wrong"))
        assert (refused.status, refused.reason) == (535, "smtp-login")


async def test_no_password_is_said_to_a_server_without_starttls(server: MailServer) -> None:
    assert (await send(server.port, url=WITH_PASSWORD)).reason == "tls"
    assert server.passwords == []


async def test_a_server_that_takes_no_passwords_is_told_apart(localhost: Certificate) -> None:
    async with served(
        lambda: SMTP(MailServer(), auth_exclude_mechanism=["LOGIN", "PLAIN"]), localhost.served
    ) as port:
        answer = await send(port, url=WITH_PASSWORD.replace("smtp:", "smtps:"))
        assert (answer.status, answer.reason) == (None, "smtp-login")


async def test_a_certificate_that_nobody_signed_is_not_trusted(tmp_path: Path) -> None:
    async with mail_server(certificate("localhost", tmp_path).served) as server:
        assert (await send(server.port)).reason == "tls"
        assert server.mails == []


async def test_smtps_is_tls_from_the_first_byte_on(localhost: Certificate) -> None:
    found = MailServer()
    async with served(lambda: SMTP(found, hostname="mx.example"), localhost.served) as port:
        assert (await send(port, url="smtps://localhost:{port}")).accepted
        assert len(found.mails) == 1
        wrong_name = await send(port, url="smtps://127.0.0.1:{port}")
        assert wrong_name.reason == "tls"


async def test_smtps_to_a_server_without_tls_is_told_apart(server: MailServer) -> None:
    assert (await send(server.port, url="smtps://localhost:{port}")).reason == "tls"


async def test_an_address_that_may_not_be_written_to_reaches_no_server(server: MailServer) -> None:
    answer = await send(server.port, to=target("mei@example.org>\r\nRCPT TO:<all@example.org"))
    assert answer == Answer(reason="address")
    assert server.mails == []


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("smtp://mx.example", Server("mx.example", 25, tls=False)),
        ("smtp://u:p@mx.example/", Server("mx.example", 587, False, "u", "p")),
        ("smtps://u:p%3A@mx.example", Server("mx.example", 465, True, "u", "p:")),
        ("smtps://[::1]:2465", Server("::1", 2465, True)),
    ],
)
def test_a_server_is_what_its_url_says(url: str, meant: Server) -> None:
    assert Server.of(url) == meant


@pytest.mark.parametrize(
    "address", [MEI, "a@b.cn", "o'neil_x-1=2@xn--fiqs8s.example", f"{'a' * 64}@{'b' * 63}.example"]
)
def test_a_plain_mailbox_is_allowed(address: str) -> None:
    check_mailbox(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "mei",
        "@example.org",
        "mei@",
        "mei@host",
        "mei@127.0.0.1",
        "mei@[127.0.0.1]",
        "mei@@example.org",
        "mei@a@example.org",
        ".mei@example.org",
        "mei..w@example.org",
        '"mei w"@example.org',
        "mei w@example.org",
        "Mei <mei@example.org>",
        "mei@example.org,bo@example.org",
        "mei@example.org\n",
        "mei@example.org\r\nBcc: bo@example.org",
        "mei@-example.org",
        "mei@example..org",
        "mei@example.org.",
        "mei@exa_mple.org",
        "梅@example.org",
        "mei@例子.中国",
        "mei\u0131@example.org",
        f"{'a' * 65}@example.org",
        f"a@{'b' * 64}.example",
        "a@" + "b." * 140 + "org",
    ],
)
def test_any_other_address_is_refused_in_words(address: str) -> None:
    with pytest.raises(Refused) as raised:
        check_mailbox(address)
    assert raised.value.code == "address-not-allowed"
    assert address == "" or address not in raised.value.message


@given(address=st.text(max_size=80) | st.emails())
def test_what_is_allowed_stands_in_one_line_and_is_one_mailbox(address: str) -> None:
    try:
        check_mailbox(address)
    except Refused:
        return
    mail = EmailMessage()
    mail["To"] = address
    assert [found.addr_spec for found in mail["To"].addresses] == [address]
    assert address.isprintable()


def settings(**more: object) -> NotifySettings:
    urls = dict.fromkeys((f"{name}_url" for name in ("registry", "dispatch", "notify", "audit")), "http://x")
    needed = {
        "mongo_url": "mongodb://x",
        "amqp_url": "amqp://x",
        "port": 1,
        "client_secret": "s",
        "key_file": "k",
    }
    return NotifySettings.model_validate({**urls, **needed, **more})


def test_without_a_mail_server_there_is_no_email() -> None:
    assert not settings().email_available
    assert not settings(smtp_from=SENDER).email_available
    assert not settings(smtp_url="", smtp_from="").email_available
    assert settings(smtp_url="smtp://mx.example", smtp_from=SENDER).email_available
    assert settings(smtp_url="smtps://u:p%40@mx.example:465", smtp_from="linli@shaba.example").email_available


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"smtp_url": "smtp://mx.example"}, "LINLI_SMTP_FROM"),
        ({"smtp_url": "smtp://", "smtp_from": SENDER}, "LINLI_SMTP_URL"),
        ({"smtp_url": "http://mx.example", "smtp_from": SENDER}, "LINLI_SMTP_URL"),
        ({"smtp_url": "smtp://u:secret/@mx.example", "smtp_from": SENDER}, "LINLI_SMTP_URL"),
        ({"smtp_url": "smtp://:secret@mx.example", "smtp_from": SENDER}, "LINLI_SMTP_URL"),
        ({"smtp_url": "smtp://mx.example:99999", "smtp_from": SENDER}, "LINLI_SMTP_URL"),
        ({"smtp_url": "smtp://mx.example/a?b", "smtp_from": SENDER}, "LINLI_SMTP_URL"),
        ({"smtp_url": "smtp://mx.example", "smtp_from": ""}, "LINLI_SMTP_FROM"),
        ({"smtp_url": "smtp://mx.example", "smtp_from": "Linli"}, "LINLI_SMTP_FROM"),
        ({"smtp_url": "smtp://mx.example", "smtp_from": "linli@host"}, "LINLI_SMTP_FROM"),
        (
            {"smtp_url": "smtp://mx.example", "smtp_from": "Linli\r\nBcc: a@b.c <l@s.example>"},
            "LINLI_SMTP_FROM",
        ),
        ({"smtp_url": "smtp://mx.example", "smtp_from": "梅@shaba.example"}, "LINLI_SMTP_FROM"),
        ({"smtp_url": "smtp://mx.example", "smtp_from": "a@b.example, c@d.example"}, "LINLI_SMTP_FROM"),
    ],
)
def test_settings_that_cannot_be_right_are_said_at_the_start(more: dict[str, object], wrong: str) -> None:
    with pytest.raises(ValidationError) as raised:
        settings(**more)
    said = wrong_settings(raised.value)
    assert set(said) == {wrong}
    assert "secret" not in str(said)


async def test_a_late_retry_has_a_date_of_its_own(server: MailServer) -> None:
    channel = Email(Server.of(f"smtp://localhost:{server.port}"), SENDER, 5.0)
    for hours in (0, 5):
        at = NOW + timedelta(hours=hours)
        assert (await channel.send(target(), Parcel("p-1", [event()]), at)).accepted
    dates = [parsedate_to_datetime(mail["Date"]) for mail in server.mails]
    assert dates == [NOW, NOW + timedelta(hours=5)]
