"""The embedded store: SecantusDB, which speaks MongoDB's protocol, with one user per service."""

import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from deploy.stack.errors import StackError
from deploy.stack.folder import write_private
from deploy.stack.part import Part
from deploy.stack.ports import listening
from deploy.stack.processes import Launch
from deploy.stack.site import Site, database
from shared.runtime.store_admin import StoreRefused, StoreUser, create_users, ping

# Its own default, 1 GB, is more than the rest of the stack needs together.
_CACHE = "96M"


@dataclass(frozen=True, slots=True)
class Store:
    """The store as the services use it: it asks everybody for a password.

    As a member of a `replica_set` it keeps an oplog, which nothing here reads, and which costs a copy of
    each document.
    """

    site: Site
    replica_set: bool = False
    name: str = "store"
    patience: float = 30.0

    @property
    def ports(self) -> tuple[int, ...]:
        return (self.site.ports.of("store"),)

    @property
    def data(self) -> Path:
        """Its data; the folder exists only once its users do."""
        return self.site.folder.sub("store") / "data"

    def prepare(self) -> Launch:
        return _launch(self.site, self.data, self.replica_set, "--auth")

    def why_not_ready(self) -> str | None:
        if not listening(self.ports[0]):
            return f"it does not listen on port {self.ports[0]} yet"
        try:
            return ping(self.site.mongo_url())
        except StoreRefused as error:
            raise StackError(
                f"the store refuses its operator: {self.site.folder.secrets} does not belong to {self.data}"
            ) from error


@dataclass(frozen=True, slots=True)
class UnlockedStore:
    """The store at its very first start, while it has no users and so cannot ask for a password."""

    site: Site
    replica_set: bool = False
    name: str = "store-first-start"
    patience: float = 30.0

    @property
    def ports(self) -> tuple[int, ...]:
        return (self.site.ports.of("store"),)

    @property
    def data(self) -> Path:
        """Where it is made; moved to its place when it is complete."""
        return self.site.folder.sub("store") / "incomplete"

    @property
    def url(self) -> str:
        return f"mongodb://127.0.0.1:{self.ports[0]}/admin?retryWrites=false"

    def prepare(self) -> Launch:
        if self.data.exists():
            shutil.rmtree(self.data)
        return _launch(self.site, self.data, self.replica_set)

    def why_not_ready(self) -> str | None:
        if not listening(self.ports[0]):
            return f"it does not listen on port {self.ports[0]} yet"
        return ping(self.url)


def make_store(site: Site, while_running: Callable[[Part], AbstractContextManager[None]]) -> None:
    """Make the store with its users, unless it exists. A first start that was cut short begins anew.

    `while_running` starts a part and ends it again. Raises StackError if the store does not come up.
    """
    store = Store(site)
    if store.data.exists():
        return
    unlocked = UnlockedStore(site)
    with while_running(unlocked):
        passwords = {name: secret.store for name, secret in site.credentials.services.items()}
        users = [*service_users(passwords), operator_user(site.credentials.operator.store)]
        create_users(unlocked.url, users)
    unlocked.data.rename(store.data)


def service_users(passwords: Mapping[str, str]) -> list[StoreUser]:
    """Each service as a user of its own database alone; passwords by service."""
    return [StoreUser(name, password, database(name), "readWrite") for name, password in passwords.items()]


def operator_user(password: str) -> StoreUser:
    """The user who may do everything."""
    return StoreUser("operator", password, "admin", "root")


def _launch(site: Site, data: Path, replica_set: bool, *flags: str) -> Launch:
    folder = site.folder.sub("store")
    # Named so that it does not look for a configuration elsewhere on the machine.
    configuration = folder / "secantusd.toml"
    write_private(configuration, "")
    command = [sys.executable, "-m", "secantus", "--config", str(configuration), "--host", "127.0.0.1"]
    command += [
        "--port",
        str(site.ports.of("store")),
        "--storage-path",
        str(data),
        "--cache-size",
        _CACHE,
        *(() if replica_set else ("--standalone",)),
        *flags,
    ]
    return Launch(command, {"HOME": str(folder), "LANG": "C.UTF-8"}, folder)
