"""The life of the keys that sign: published before they sign, retired when their last token is over."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog

from services.registry.signing import Signer, Signing
from shared.events.registry import SigningKeyPublished, SigningKeyRetired
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.commit import Actor, Draft, StoredEvent
from shared.kernel.event import Event
from shared.kernel.times import format_time, parse_time
from shared.runtime.ids import new_event_id
from shared.runtime.log import CommitExists, StreamMoved
from shared.runtime.service import Reaction, Service

ACTOR = Actor("system", "registry")
LOOK_S = 5.0

log = structlog.get_logger()


class KeyKeeping:
    """Keeps `signing`, the log and the table of trusted keys in step."""

    def __init__(self, service: Service, signing: Signing, community: str) -> None:
        self._service = service
        self._signing = signing
        self._community = community

    async def open(self) -> None:
        """Put every key of the key file on record that is not, and learn since when the others are.

        Safe at every start: one that ended between the key file and the log goes on here.
        """
        for kid, signer in list(self._signing.signers.items()):
            stored = await self._service.store.stream(f"key-{kid}")
            if any(event.type == SigningKeyRetired.type for event in stored):
                self._signing.forget(kid)
                continue
            await self._publish(signer, stored[0].occurred_at if stored else None)

    async def _publish(self, signer: Signer, since: str | None) -> None:
        if since is None:
            since = format_time(datetime.now(UTC))
            facts = SigningKeyPublished(community=self._community, kid=signer.kid, x=signer.x)
            await self._append(f"first:key-{signer.kid}", f"key-{signer.kid}", 1, facts)
        self._signing.learn(signer.kid, parse_time(since))
        await self._service.keys.add_key(signer.kid, signer.x)

    def reactions(self) -> dict[str, Reaction]:
        """How `signing` follows registry's own log: another process may have made the key."""
        return {SigningKeyPublished.type: self._learn, SigningKeyRetired.type: self._forget}

    async def _learn(self, event: CloudEvent) -> None:
        self._signing.learn(str(event.data["kid"]), parse_time(event.time))

    async def _forget(self, event: CloudEvent) -> None:
        self._signing.forget(str(event.data["kid"]))

    async def retire_when_over(self) -> None:
        """Retire each key whose last token is over, until cancelled."""
        while True:
            for kid in self._signing.over(datetime.now(UTC)):
                facts = SigningKeyRetired(community=self._community, kid=kid)
                await self._append(f"retire:key-{kid}", f"key-{kid}", 2, facts)
                log.info("signing-key-retired", kid=kid)
            await asyncio.sleep(LOOK_S)

    async def _append(self, commit_id: str, stream: str, version: int, event: Event) -> None:
        data = event.model_dump(mode="json", exclude_none=True)
        at = format_time(datetime.now(UTC))
        stored = StoredEvent(new_event_id(), event.type, stream, version, data, at)
        try:
            await self._service.store.append(
                Draft(commit_id, (stored,), ACTOR, correlation=commit_id, once=True)
            )
        except (CommitExists, StreamMoved):
            return  # another process did it
