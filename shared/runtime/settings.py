"""One settings class per process, read from the environment (prefix `LINLI_`)."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.runtime.addresses import BrokerAdminUrl, BrokerUrl, MailUrl, Sender, StoreUrl

PREFIX = "LINLI_"
LONGEST_WAIT_S = 30 * 86_400.0


def _split(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _waits(value: object) -> object:
    parts = _split(value)
    try:
        waits = [float(part) for part in parts] if isinstance(parts, list) else []
    except (TypeError, ValueError):
        waits = []
    if not waits or not all(0 < wait <= LONGEST_WAIT_S for wait in waits):
        raise ValueError("it must be seconds, comma-separated: numbers above 0, and 30 days at the most")
    return waits


def _networks(value: object) -> object:
    parts = _split(value)
    return [ip_network(str(part)) for part in parts] if isinstance(parts, list) else parts


def _set(value: object) -> object:
    """`value`, unless it is an empty text: an optional setting that is left open in a file of settings."""
    return None if value == "" else value


class Settings(BaseSettings):
    """What every service needs to know.

    `mongo_url` and `amqp_url` hold the service's own credentials. `key_file` is where the keys of
    sealed details live, outside the database; it is made if it is not there. `client_secret` is the
    secret of the service's own OAuth client, `client-<name>`. `issuer` is registry's address as those outside
    know it, the same for all services. `failures` is how many authentications may fail in a minute, of one
    client or from one address, before more are held up.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    mongo_url: StoreUrl
    mongo_db: str | None = None
    amqp_url: BrokerUrl
    host: str = "127.0.0.1"
    port: int
    key_file: Path
    client_secret: SecretStr
    registry_url: str
    dispatch_url: str
    notify_url: str
    audit_url: str
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    community: str = "shaba"
    issuer: str | None = None
    failures: int = Field(10, ge=1)

    def issuer_url(self) -> str:
        """The name of the authorization server, which tokens carry: `issuer`, or registry's address."""
        return (self.issuer or self.registry_url).rstrip("/")

    def url_of(self, service: str) -> str:
        """The base address of another service."""
        return {
            "registry": self.registry_url,
            "dispatch": self.dispatch_url,
            "notify": self.notify_url,
            "audit": self.audit_url,
        }[service].rstrip("/")


class RegistrySettings(Settings):
    """registry also makes the first clients, and loads a case into an empty log.

    `token_seconds` is how long an access token is good, `key_settle_seconds` how long a new signing key is
    known to all before it signs. People sign in with the identity provider `oidc_issuer` (its `issuer`, just
    as it says it itself), which knows this as its client `oidc_client_id`; without it nobody does.
    """

    admin_secret: SecretStr
    dispatch_secret: SecretStr
    notify_secret: SecretStr
    audit_secret: SecretStr
    case: str = "none"
    token_seconds: int = Field(600, ge=10, le=3600)
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    key_settle_seconds: float = Field(10.0, ge=0.0)


class NotifySettings(Settings):
    """notify also knows when to try again (seconds after each failed attempt), which private networks
    (CIDR) it may deliver to, and the mail server that takes its mail, without which it sends none; and the
    broker's HTTP API with an administrator of notify's own, without which units have no queues."""

    retry_schedule: Annotated[list[float], NoDecode, BeforeValidator(_waits)] = [
        *(5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
    ]
    allow_networks: Annotated[list[IPv4Network | IPv6Network], NoDecode, BeforeValidator(_networks)] = []
    deadline: float = 15.0
    probe_seconds: float = Field(5.0, gt=0)
    keep_days: float = Field(30.0, gt=0)
    broker_admin_url: Annotated[BrokerAdminUrl | None, BeforeValidator(_set)] = None
    smtp_url: Annotated[MailUrl | None, BeforeValidator(_set)] = None
    smtp_from: Annotated[Sender | None, BeforeValidator(_set)] = Field(None, validate_default=True)

    @field_validator("smtp_from")
    @classmethod
    def _with_a_server(cls, sender: str | None, info: ValidationInfo) -> str | None:
        if sender is None and info.data.get("smtp_url") is not None:
            raise ValueError(f"it must be set, as {PREFIX}SMTP_URL is: who the mail comes from")
        return sender

    @property
    def email_available(self) -> bool:
        """Whether units can be told by e-mail."""
        return self.smtp_url is not None and self.smtp_from is not None

    @property
    def amqp_available(self) -> bool:
        """Whether units can have a queue of their own on the broker."""
        return self.broker_admin_url is not None


def wrong_settings(error: ValidationError) -> dict[str, str]:
    """What is wrong with each setting, by its LINLI_ name; nothing of a value that is kept secret."""
    found: dict[str, str] = {}
    for item in error.errors(include_url=False, include_input=False):
        field = str(item["loc"][0]) if item["loc"] else ""
        # Our own validators' words; pydantic puts "Value error, " before them.
        found.setdefault(f"{PREFIX}{field.upper()}", item["msg"].removeprefix("Value error, "))
    return found
