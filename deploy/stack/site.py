"""Where one stack is and how its parts are reached."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from deploy.stack.credentials import SERVICES, Credentials
from deploy.stack.folder import DataFolder
from deploy.stack.ports import Ports

ADMIN_CLIENT = "client-admin"
ACCOUNTS = "notify-accounts"
"""The broker's user who makes the units' queues and users, and whom notify alone knows."""


class AdminClient(BaseModel):
    """The first administrator's OAuth client."""

    model_config = ConfigDict(frozen=True)

    client_id: str
    client_secret: str


class StackFile(BaseModel):
    """What `stack.json` says. The two URLs carry the operator's rights; `pids` has the parts started here."""

    model_config = ConfigDict(frozen=True)

    services: Mapping[str, str]
    amqp_url: str
    mongo_url: str
    pids: Mapping[str, int]
    admin: AdminClient


@dataclass(frozen=True, slots=True)
class Site:
    """One stack's folder, ports and secrets; a given URL means that this server is run elsewhere."""

    folder: DataFolder
    ports: Ports
    credentials: Credentials
    given_amqp_url: str | None = None
    given_mongo_url: str | None = None

    def service_url(self, service: str) -> str:
        """A service's public address."""
        return f"http://127.0.0.1:{self.ports.of(service)}"

    def amqp_url(self, service: str | None = None) -> str:
        """The broker with a service's rights, or with the operator's."""
        if self.given_amqp_url:
            return self.given_amqp_url
        user, password = "operator", self.credentials.operator.broker
        if service:
            user, password = service, self.credentials.services[service].broker
        return f"amqp://{user}:{password}@127.0.0.1:{self.ports.of('rabbitmq')}/"

    @property
    def makes_accounts(self) -> bool:
        """Whether units can have accounts on the broker: on one that we run, in a folder whose path its
        management plugin can say (RabbitMQ 3.10 does not start with one beyond Latin-1)."""
        return not self.given_amqp_url and all(ord(letter) < 256 for letter in str(self.folder.path))

    def accounts_url(self) -> str | None:
        """Where notify makes the units' accounts, if it can."""
        if not self.makes_accounts:
            return None
        return f"http://{ACCOUNTS}:{self.credentials.accounts}@127.0.0.1:{self.ports.of('rabbitmq-accounts')}"

    def mongo_url(self, service: str | None = None) -> str:
        """The store with a service's rights (on its own database alone), or with the operator's."""
        if self.given_mongo_url:
            return self.given_mongo_url
        user, password, home = "operator", self.credentials.operator.store, "admin"
        if service:
            user, password, home = service, self.credentials.services[service].store, database(service)
        # The embedded store slows to a crawl under retryable writes; a MongoDB of one's own keeps them.
        options = f"authSource={home}&retryWrites=false"
        return f"mongodb://{user}:{password}@127.0.0.1:{self.ports.of('store')}/{home}?{options}"

    def describe(self, pids: Mapping[str, int]) -> StackFile:
        """What stack.json is to say of this stack while `pids` run."""
        return StackFile(
            services={name: self.service_url(name) for name in SERVICES},
            amqp_url=self.amqp_url(),
            mongo_url=self.mongo_url(),
            pids=pids,
            admin=AdminClient(client_id=ADMIN_CLIENT, client_secret=self.credentials.admin),
        )


def database(service: str) -> str:
    """The name of a service's own database."""
    return f"linli_{service}"
