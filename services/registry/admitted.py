"""The read model of persons who may sign in, and of what the identity provider knows them by."""

from __future__ import annotations

from collections.abc import Collection

from shared.events.registry import CommunitiesExtended, PersonAdmitted, PersonDismissed
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent
from shared.runtime.keyring import Keyring
from shared.runtime.mongo import Database, Document
from shared.runtime.sealed import Erased, SealedDetails
from shared.runtime.service import Reaction

_SHOWN = ("community", "role", "communities", "scopes", "expires_at")


class Admitted:
    """The collections `people`: `{_id: person, community, role, communities, …}`, and `people-names`:
    `{_id: keyed hash of an address or a subject, person}`. Who is dismissed is in neither."""

    def __init__(self, database: Database, sealed: SealedDetails, keyring: Keyring) -> None:
        self._people = database["people"]
        self._names = database["people-names"]
        self._sealed = sealed
        self._keyring = keyring

    def reactions(self) -> dict[str, Reaction]:
        """How the model follows registry's own log."""
        return {
            PersonAdmitted.type: self._admitted,
            CommunitiesExtended.type: self._extended,
            PersonDismissed.type: self._dismissed,
        }

    async def _admitted(self, event: CloudEvent) -> None:
        try:
            details = await self._sealed.read(str(event.data["details"]))
        except Erased:
            return
        facts = {name: event.data[name] for name in _SHOWN if name in event.data}
        await self._people.update_one({"_id": event.stream}, {"$setOnInsert": facts}, upsert=True)
        for name in self.names(details.get("email"), details.get("subject")):
            # Of two who say the same, the first is meant.
            document = {"person": event.stream}
            await self._names.update_one({"_id": name}, {"$setOnInsert": document}, upsert=True)

    async def _extended(self, event: CloudEvent) -> None:
        # Of a client there is no document here. A replay says it again, up to the last.
        changed = {"$set": {"communities": event.data["communities"]}}
        await self._people.update_one({"_id": event.stream}, changed)

    async def _dismissed(self, event: CloudEvent) -> None:
        # Nobody needs the address any more, and who comes back is admitted anew.
        await self._sealed.erase(event.stream)
        await self._people.delete_one({"_id": event.stream})
        await self._names.delete_many({"person": event.stream})

    def names(self, email: Json, subject: Json) -> list[str]:
        """What an address and a subject are looked up by: no more than keyed hashes of them are kept here."""
        said = (("subject", subject), ("email", email.strip().casefold() if isinstance(email, str) else None))
        return [
            self._keyring.mac(b"person", kind.encode(), text.encode())
            for kind, text in said
            if isinstance(text, str)
        ]

    async def person(self, email: str | None, subject: str | None) -> str | None:
        """Who has this subject, or this address."""
        for name in self.names(email, subject):
            found = await self._names.find_one({"_id": name})
            if found is not None:
                return str(found["person"])
        return None

    async def all(self, communities: Collection[str]) -> list[dict[str, Json]]:
        """Those all of whose communities are among `communities`, in the order of their admission."""
        found = await self._people.find({}).sort("_id", 1).to_list(None)
        return [_shown(one) for one in found if set(one["communities"]) <= set(communities)]


def _shown(document: Document) -> dict[str, Json]:
    return {"id": document["_id"], **{name: document[name] for name in _SHOWN if name in document}}
