"""How a client or a personal token is put on record: with a secret that is shown once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import Request, Response

from services.registry.domain.credential import CREDENTIAL, Command, Register
from services.registry.secrets import hashed, new_secret
from shared.events.index import decode
from shared.events.registry import ClientRegistered, PersonalTokenIssued
from shared.folds.credential import Credential
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.kernel.event import Event
from shared.runtime.access import Principal
from shared.runtime.execute import Aggregate, Transaction
from shared.runtime.http.calls import Commands

CREDENTIALS: Aggregate[Command, Credential, Event] = Aggregate(CREDENTIAL, decode)

Facts = ClientRegistered | PersonalTokenIssued


async def register_with_secret(
    call: tuple[Request, Principal, Commands],
    at: tuple[str, str],
    name: str,
    facts: Callable[[Transaction, str], Awaitable[Facts]],
    subject: str | None = None,
) -> Response:
    """201 with the id and, in the first answer only, the secret.

    `at` is the path, whose last part is the id, and the field that shows the secret. `facts` is given the
    digest of the sealed detail that has `name` and the secret's hash; it goes with `subject`, if it is
    somebody's.
    """
    request, principal, commands = call
    path, shown = at
    id, secret = path.rpartition("/")[2], new_secret()

    async def work(transaction: Transaction) -> Answer:
        details = transaction.seal(subject or id, {"name": name, "secret_sha256": hashed(secret)})
        registered = Register(await facts(transaction, details), transaction.context.now)
        await transaction.begin(CREDENTIALS, id, registered)
        body: dict[str, Json] = {"id": id, "client_id": id, shown: None}
        return Answer(201, body, path, 1)

    return await commands.run(request, principal, work, lambda: {shown: secret})
