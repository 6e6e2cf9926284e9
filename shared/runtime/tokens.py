"""A service's own access token, for reading the others' feeds."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic

import aiohttp
from pydantic import SecretStr

from shared.kernel.canonical import decode_object
from shared.runtime.source import SourceUnavailable

EARLY_S = 60
TIMEOUT_S = 5.0


@dataclass(slots=True)
class ServiceToken:
    """Client credentials (RFC 6749, 4.4) exchanged for a token, which is kept while it is good."""

    registry_url: str
    client_id: str
    secret: SecretStr
    session: aiohttp.ClientSession
    _token: str = ""
    _renew_at: float = 0.0
    _dead_at: float = 0.0

    async def __call__(self) -> str:
        """A token. Raises SourceUnavailable if registry gives none and the last one is over."""
        if monotonic() < self._renew_at:
            return self._token
        try:
            await self._renew()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, SourceUnavailable) as error:
            if monotonic() >= self._dead_at:
                raise SourceUnavailable(f"no token: {type(error).__name__} {error}") from error
        return self._token

    async def _renew(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.secret.get_secret_value(),
        }
        async with self.session.post(
            f"{self.registry_url}/oauth/token", data=form, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)
        ) as response:
            body = decode_object(await response.read())
        if "access_token" not in body:
            raise SourceUnavailable(f"registry answered {response.status}")
        lifetime = int(str(body["expires_in"]))
        self._token = str(body["access_token"])
        self._renew_at = monotonic() + lifetime - EARLY_S
        self._dead_at = monotonic() + lifetime
