"""Start, stop and look at a stack. Any launcher finds what runs again through the data folder."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

from deploy.stack import checks
from deploy.stack.credentials import SERVICES, keep_credentials
from deploy.stack.errors import NotReady, PortTaken, StackError
from deploy.stack.folder import DataFolder, write_private
from deploy.stack.part import Part, PartStatus
from deploy.stack.ports import Ports, taken
from deploy.stack.processes import Process, end_of, last_lines, spawn
from deploy.stack.rabbitmq import Epmd, RabbitMQ, end_epmd
from deploy.stack.record import Record
from deploy.stack.services import Service, environment
from deploy.stack.site import Site, StackFile
from deploy.stack.store import Store, make_store
from deploy.stack.together import together

SERVERS = ("rabbitmq", "store")
PARTS = (*SERVERS, *SERVICES)

# Seconds from SIGTERM to SIGKILL. The store writes everything out, which takes it some seconds.
_GRACE = {"rabbitmq": 30.0, "store": 30.0}
_SERVICE_GRACE = 15.0


class Stack:
    """The stack whose state is all in one folder.

    `parts` says what `up` starts, all by default; `env` has extra settings per service, which win. With
    `amqp_url` or `mongo_url` that server is run elsewhere and every service uses the URL as it is. `notice`
    is told of each part that gets ready and how many seconds it took.
    """

    def __init__(
        self,
        data: Path,
        port_base: int = 8000,
        parts: Iterable[str] = PARTS,
        env: Mapping[str, Mapping[str, str]] | None = None,
        *,
        amqp_url: str | None = None,
        mongo_url: str | None = None,
        notice: Callable[[str, float], None] = lambda part, seconds: None,
    ) -> None:
        given = {"rabbitmq": amqp_url, "store": mongo_url}
        self.parts = tuple(name for name in PARTS if name in set(parts) and not given.get(name))
        self.folder = DataFolder(data.absolute())
        self.ports = Ports(port_base)
        self._given = given
        self._env = env or {}
        self._notice = notice
        self._record = Record(self.folder)
        self._abandoned = threading.Event()

    @cached_property
    def site(self) -> Site:
        """Where everything is and how it is reached; makes the folder and its secrets at the first look."""
        try:
            self.folder.create()
            credentials = keep_credentials(self.folder.secrets)
        except OSError as error:
            raise StackError(f"LINLI_DATA={self.folder.path} cannot be used: {error.strerror}") from error
        return Site(self.folder, self.ports, credentials, self._given["rabbitmq"], self._given["store"])

    def environment(self, service: str) -> dict[str, str]:
        """All settings that a service has in this stack."""
        return environment(service, self.site) | self._extra(service)

    def up(self) -> StackFile:
        """Start what does not run, wait until everything is ready, write stack.json and return what it says.

        Raises PortTaken, NotReady or another StackError; what did start by then keeps running.
        """
        return self._start(self.parts)

    def start(self, part: str) -> StackFile:
        """Start one part, if it does not run, and wait until it is ready. Raises as `up` does."""
        return self._start((part,))

    def kill(self, part: str) -> None:
        """End a part's process with SIGKILL, as a fault would; returns when it is gone."""
        with self.folder.locked():
            process = self._record.running(part)
            if process and not process.kill():
                raise StackError(f"{part}, process {process.pid}, does not end")

    def stop(self, part: str) -> None:
        """End one part in good order."""
        with self.folder.locked():
            self._end(part)

    def running(self) -> list[str]:
        """The parts that were started from this folder and run."""
        return [name for name in self._record.processes() if self._record.running(name)]

    def down(self) -> list[str]:
        """End everything that was started from this folder, and say what that was.

        Raises StackError for what does not end.
        """
        if not self.folder.secrets.exists():
            return []
        with self.folder.locked():
            kept, ended = self._record.processes(), self.running()
            together(self._abandoned, [partial(self._end, name) for name in kept if name in SERVICES])
            together(
                self._abandoned,
                [partial(self._end, name) for name in kept if name not in (*SERVICES, "epmd")],
            )
            if "epmd" in kept:
                self._end("epmd")
            self.folder.stack_file.unlink(missing_ok=True)
        return ended

    def status(self) -> list[PartStatus]:
        """Every part of this stack as it is now."""
        parts = [*self.parts[:1], "epmd", *self.parts[1:]] if "rabbitmq" in self.parts else list(self.parts)
        return [self._status_of(name) for name in parts]

    def _status_of(self, name: str) -> PartStatus:
        process = self._record.running(name)
        if process is None:
            return PartStatus(name, "down", self.ports.of(name))
        site = self._site_in_use()
        why = self._part(name, site).why_not_ready()
        state = "not ready" if why else "up"
        return PartStatus(name, state, site.ports.of(name), process.pid, process.memory_mb(), why)

    def _site_in_use(self) -> Site:
        """The site with the ports of what runs: who looks or ends need not know those it was started with."""
        base = self._record.port_base()
        return replace(self.site, ports=Ports(base)) if base else self.site

    def _start(self, parts: Sequence[str]) -> StackFile:
        site = self.site
        with self.folder.locked():
            self._refuse_to_move()
            self._abandoned.clear()
            self._look_first(parts)
            together(
                self._abandoned, [partial(self._start_server, name) for name in parts if name in SERVERS]
            )
            if "registry" in parts:
                checks.keep_case(self.folder, self.environment("registry")["LINLI_CASE"])
            together(
                self._abandoned,
                [partial(self._bring_up, self._part(name, site)) for name in parts if name in SERVICES],
            )
            running = {name: self._record.running(name) for name in PARTS}
            described = site.describe({name: process.pid for name, process in running.items() if process})
            write_private(self.folder.stack_file, described.model_dump_json(indent=2) + "\n")
        return described

    def _refuse_to_move(self) -> None:
        base = self._record.port_base()
        if self.running() and base != self.ports.base:
            raise StackError(
                f"the stack in {self.folder.path} runs with LINLI_PORT_BASE={base}; end it before you move it"
            )

    def _look_first(self, parts: Sequence[str]) -> None:
        """Raises StackError for what cannot go well, before anything is started."""
        if "rabbitmq" in parts:
            checks.refuse_folder(self.folder)
        for service in (name for name in parts if name in SERVICES):
            checks.refuse_unsound(service, self.environment(service))
        if "registry" in parts:
            checks.refuse_other_case(self.folder, self.environment("registry")["LINLI_CASE"])
        if "store" in parts:
            self._end("store-first-start")
        missing = [name for name in parts if self._record.running(name) is None]
        if "rabbitmq" in missing and self._record.running("epmd") is None:
            missing.append("epmd")
        for name in missing:
            self._refuse_taken(self._part(name, self.site))
        if any(name in SERVICES for name in parts):
            checks.refuse_unreachable(self._given["rabbitmq"], self._given["store"])

    def _start_server(self, name: str) -> None:
        part = self._part(name, self.site)
        if self._record.running(name) is None:
            if name == "store":
                make_store(self.site, self._while_running)
            else:
                # A node that runs looks after its epmd by itself.
                self._bring_up(Epmd(self.site))
        self._bring_up(part)

    def _part(self, name: str, site: Site) -> Part:
        match name:
            case "rabbitmq":
                return RabbitMQ(site)
            case "epmd":
                return Epmd(site)
            case "store":
                return Store(site)
            case _:
                return Service(name, site, self._extra(name))

    def _extra(self, service: str) -> dict[str, str]:
        kept = checks.kept_case(self.folder) if service == "registry" else None
        return ({"LINLI_CASE": kept} if kept else {}) | dict(self._env.get(service, {}))

    def _bring_up(self, part: Part) -> None:
        begun = time.monotonic()
        log = self.folder.log(part.name)
        process = self._record.running(part.name)
        since = end_of(log)
        if process is None:
            self._refuse_taken(part)
            process = spawn(part.prepare(), log)
            self._record.keep(self.ports.base, part.name, process)
        self._await(part, process, since)
        if part.name in PARTS:
            self._notice(part.name, time.monotonic() - begun)

    def _refuse_taken(self, part: Part) -> None:
        for port in part.ports:
            if taken(port):
                raise PortTaken(part.name, port, self.ports.base)

    def _await(self, part: Part, process: Process, since: int) -> None:
        deadline = time.monotonic() + part.patience
        while why := part.why_not_ready():
            ended = not process.running()
            if ended or time.monotonic() > deadline:
                log = self.folder.log(part.name)
                reason = "its process has ended" if ended else f"not ready after {part.patience:.0f} s, {why}"
                raise NotReady(part.name, reason, str(log), last_lines(log, since))
            if self._abandoned.wait(0.05):
                raise StackError(f"{part.name} was not waited for, since another part failed")

    @contextmanager
    def _while_running(self, part: Part) -> Iterator[None]:
        self._bring_up(part)
        try:
            yield
        finally:
            self._end(part.name)

    def _end(self, name: str) -> None:
        process = self._record.running(name)
        if process and not process.end(_GRACE.get(name, _SERVICE_GRACE)):
            raise StackError(f"{name}, process {process.pid}, does not end")
        if name == "epmd" and not end_epmd(self._site_in_use()):
            raise StackError("epmd does not end")
        self._record.forget(name)
