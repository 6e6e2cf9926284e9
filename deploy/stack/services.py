"""The four services: how each is started, and the whole of the environment that it sees."""

import http.client
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.stack.credentials import SERVICES
from deploy.stack.processes import Launch
from deploy.stack.site import Site, database

CHECKOUT = Path(__file__).resolve().parents[2]

# What a Python process may need of the person's own environment: nothing else is passed on.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")

# Settings that a person may give to the whole stack; each service's own default holds otherwise.
_PASSED_ON: Mapping[str, tuple[str, ...]] = {
    "registry": ("LINLI_CASE", "LINLI_OIDC_ISSUER", "LINLI_OIDC_CLIENT_ID", "LINLI_OIDC_CLIENT_SECRET"),
    "dispatch": (),
    "notify": (
        "LINLI_RETRY_SCHEDULE",
        "LINLI_ALLOW_NETWORKS",
        "LINLI_BROKER_ADMIN_URL",
        "LINLI_SMTP_URL",
        "LINLI_SMTP_FROM",
        "LINLI_KEEP_DAYS",
        "LINLI_PROBE_SECONDS",
    ),
    "audit": (),
}
_PASSED_ON_TO_ALL = ("LINLI_LOG_LEVEL", "LINLI_COMMUNITY", "LINLI_ISSUER", "LINLI_FAILURES")


def environment(service: str, site: Site) -> dict[str, str]:
    """The settings of a service in this stack, LINLI_ names and values; what a person adds comes on top."""
    secrets = site.credentials.services
    settings = {
        "LINLI_HOST": "127.0.0.1",
        "LINLI_PORT": str(site.ports.of(service)),
        "LINLI_MONGO_URL": site.mongo_url(service),
        "LINLI_MONGO_DB": database(service),
        "LINLI_AMQP_URL": site.amqp_url(service),
        "LINLI_KEY_FILE": str(site.folder.sub("keys") / f"{service}.json"),
        "LINLI_CLIENT_SECRET": secrets[service].client,
    }
    settings |= {f"LINLI_{name.upper()}_URL": site.service_url(name) for name in SERVICES}
    match service:
        case "registry":
            settings["LINLI_ADMIN_SECRET"] = site.credentials.admin
            settings["LINLI_CASE"] = "shaba"
            settings |= {
                f"LINLI_{name.upper()}_SECRET": secrets[name].client
                for name in SERVICES
                if name != "registry"
            }
        case "notify":
            # Partner systems on this machine are what a native stack is tried with.
            settings["LINLI_ALLOW_NETWORKS"] = "127.0.0.0/8,::1/128"
            settings |= {"LINLI_SMTP_URL": "", "LINLI_SMTP_FROM": ""}  # nobody is told by e-mail
            if url := site.accounts_url():
                settings["LINLI_BROKER_ADMIN_URL"] = url
    return settings


def passed_on(service: str, given: Mapping[str, str]) -> dict[str, str]:
    """Those settings out of `given` (a person's environment) that are meant for this service."""
    return {name: given[name] for name in (*_PASSED_ON_TO_ALL, *_PASSED_ON[service]) if name in given}


@dataclass(frozen=True, slots=True)
class Service:
    """One of the four. `extra` settings win over those of the stack."""

    name: str
    site: Site
    extra: Mapping[str, str] = field(default_factory=dict)
    patience: float = 60.0

    @property
    def ports(self) -> tuple[int, ...]:
        return (self.site.ports.of(self.name),)

    def prepare(self) -> Launch:
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        settings = environment(self.name, self.site) | dict(self.extra)
        command = [sys.executable, "-m", f"services.{self.name}"]
        return Launch(command, inherited | {"PYTHONUNBUFFERED": "1"} | settings, CHECKOUT)

    def why_not_ready(self) -> str | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[0], timeout=5)
        try:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            said = answer.read(2_000).decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            return f"GET /readyz on port {self.ports[0]} got no answer ({error})"
        finally:
            connection.close()
        return None if answer.status == 200 else f"GET /readyz answers {answer.status} {said}"
