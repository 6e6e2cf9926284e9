"""Receivers of webhooks that do what a test says, byte by byte, and certificates for them."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Request:
    """One request as it came; the names of its headers in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A server on loopback. `sent` is how many bytes of its answers left it."""

    port: int = 0
    scheme: str = "http"
    connections: int = 0
    sent: int = 0
    requests: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.at("127.0.0.1")

    def at(self, host: str) -> str:
        """Its URL under another name."""
        return f"{self.scheme}://{host}:{self.port}/hook"


@dataclass
class Line:
    """One connection to a receiver."""

    receiver: Receiver
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def take(self) -> Request:
        """Read one request."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = [line.partition(": ") for line in head[1:] if line]
        headers = {name.lower(): value for name, _, value in pairs}
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        request = Request(head[0], headers, body)
        self.receiver.requests.append(request)
        return request

    async def say(self, data: bytes) -> None:
        """Send `data`, as soon as there is room for it."""
        self.writer.write(data)
        await self.writer.drain()
        self.receiver.sent += len(data)

    def keep_little(self) -> None:
        """Have the system take no more of an answer than what is about to be read."""
        wire: socket.socket = self.writer.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)

    def reset(self) -> None:
        """End the connection at once, with what is on its way in it."""
        wire: socket.socket = self.writer.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.close()


Script = Callable[[Line], Awaitable[None]]


def answering(*answers: bytes) -> Script:
    """Take a request for each of `answers` on one connection, and give it."""

    async def script(line: Line) -> None:
        for answer in answers:
            await line.take()
            await line.say(answer)

    return script


def answer(status: str, *headers: str, body: bytes = b"") -> bytes:
    """An answer as bytes; `status` is its code and words."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


@asynccontextmanager
async def receiver(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A server on a free port of 127.0.0.1 that plays `script` on each connection, then closes it."""
    found = Receiver(scheme="https" if tls else "http")
    playing: set[asyncio.Task[None]] = set()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        playing.add(task)
        found.connections += 1
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await script(Line(found, reader, writer))
        writer.close()
        playing.discard(task)

    server = await asyncio.start_server(play, "127.0.0.1", 0, ssl=tls)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        for task in list(playing):
            task.cancel()
        await asyncio.gather(*playing)


class Names(AbstractResolver):
    """A name service that answers each look-up with the next of `answers`, and the last one ever after."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = [*answers]
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        return


@dataclass(frozen=True)
class Certificate:
    """A certificate that signs itself, and what a server and a client make of it."""

    pem: str
    served: ssl.SSLContext

    @property
    def trusted(self) -> ssl.SSLContext:
        """What a client has that trusts this one and no other."""
        return ssl.create_default_context(cadata=self.pem)


def certificate(name: str, folder: Path, begins: timedelta = timedelta()) -> Certificate:
    """A certificate for a host's `name`, for one day that begins `begins` from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = datetime.now(UTC) + begins - timedelta(minutes=1)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{name}.pem"
    file.write_bytes(private + pem)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(file)
    return Certificate(pem.decode(), served)
