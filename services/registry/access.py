"""The authorization server's parts, wired: keys, clients, personal tokens, people."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI

from services.registry.admitted import Admitted
from services.registry.authentication import Credentials, Door
from services.registry.key_keeping import KeyKeeping
from services.registry.personal_tokens import PersonalTokens
from services.registry.secrets import may_be_good
from services.registry.sign_in import SignIn
from services.registry.signing import Signing, load_signing
from services.registry.uses import Uses
from shared.runtime.keyring import Keyring
from shared.runtime.service import Service, by_type
from shared.runtime.settings import RegistrySettings


@dataclass(frozen=True, slots=True)
class Access:
    """What registry's routes of access work with."""

    signing: Signing
    uses: Uses
    personal_tokens: PersonalTokens
    admitted: Admitted
    sign_in: SignIn | None
    door: Door

    def give(self, app: FastAPI) -> None:
        """Let the routes of `app` find all of it."""
        app.state.signing = self.signing
        app.state.uses = self.uses
        app.state.personal_tokens = self.personal_tokens
        app.state.admitted = self.admitted
        app.state.sign_in = self.sign_in
        app.state.door = self.door


def wire_access(service: Service, settings: RegistrySettings, keyring: Keyring) -> Access:
    """All of it, kept going with `service`. Raises ValueError for settings that cannot be meant."""
    _require_good_secrets(settings)
    signing = load_signing(settings.key_file, keyring, settings.key_settle_seconds, settings.token_seconds)
    key_keeping = KeyKeeping(service, signing, settings.community)
    personal_tokens = PersonalTokens(service.database)
    admitted = Admitted(service.database, service.sealed, keyring)
    uses = Uses(service.database)
    service.on_open(personal_tokens.open)
    service.on_open(key_keeping.open)
    reactions = (key_keeping.reactions(), personal_tokens.reactions(), admitted.reactions())
    service.project("access", by_type(*reactions))
    service.also("retire-keys", key_keeping.retire_when_over)
    door = Door(Credentials(service.store, service.sealed), uses, service.keys.failures)
    return Access(signing, uses, personal_tokens, admitted, _sign_in(settings, keyring), door)


def _sign_in(settings: RegistrySettings, keyring: Keyring) -> SignIn | None:
    if settings.oidc_issuer is None:
        return None
    if settings.oidc_client_id is None:
        raise ValueError("LINLI_OIDC_ISSUER needs LINLI_OIDC_CLIENT_ID, registry's name at the provider")
    return SignIn(settings, keyring, settings.issuer_url())


def _require_good_secrets(settings: RegistrySettings) -> None:
    """A secret that begins like one of ours and is none would be refused for ever after."""
    for name in ("admin", "client", "dispatch", "notify", "audit"):
        if not may_be_good(getattr(settings, f"{name}_secret").get_secret_value()):
            raise ValueError(f"LINLI_{name.upper()}_SECRET begins with linli_, but its checksum is wrong")
