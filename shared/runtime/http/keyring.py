"""The routes by which an operator changes the key that details are sealed with (shared/runtime/rotation.py).

Routes, and no command on the key file: they run where both the file and the details are, natively and in
containers alike, and only they can tell that nothing is sealed with a key any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Response, Security
from pydantic import BaseModel, ConfigDict, Field

from shared.runtime.access import Principal, bearer
from shared.runtime.http import shapes
from shared.runtime.http.calls import json_response
from shared.runtime.http.openapi import answers
from shared.runtime.http.problems import Problem
from shared.runtime.http.routes import Route
from shared.runtime.keyfile import KeyInUse, RotationUnderWay, UnknownKey

if TYPE_CHECKING:
    from shared.runtime.service import Service

Operator = Annotated[Principal, Security(bearer, scopes=["operate"])]


class Drop(BaseModel):
    """The key to forget."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"key": "key-0001"}]})

    key: str = Field(pattern=r"^key-[0-9]{4,9}$")


def keyring_routes(service: Service) -> APIRouter:
    """The routes of `service`."""
    router = APIRouter(prefix="/v1/keyring", tags=["operation"], route_class=Route)

    @router.get("", summary="The keys that details are sealed with", responses=answers(shapes.Keyring))
    async def keyring(_: Operator) -> Response:
        service.keyring.refresh()
        return _shown(service)

    @router.post("/rotate", summary="Seal details with a new key", responses=answers(shapes.Keyring))
    async def rotate(_: Operator) -> Response:
        """A new key is current at once; what is sealed with the old one is sealed anew in the background.
        409 `rotation-under-way` until the old one is dropped, so a repeat makes no third key."""
        with _refused():
            service.rotation.rotate()
        return _shown(service)

    @router.post("/drop", summary="Forget an old key, for ever", responses=answers(shapes.Keyring))
    async def drop(body: Drop, _: Operator) -> Response:
        """What is still sealed with it is sealed anew first. 409 `key-in-use` for the current key, and if
        something is sealed with it that does not open. Backups that are sealed with it are lost with it."""
        with _refused():
            await service.rotation.drop(body.key)
        return _shown(service)

    return router


def _shown(service: Service) -> Response:
    keyring, progress = service.keyring, service.rotation.progress
    return json_response(
        {
            "current": keyring.current,
            "keys": sorted(keyring.keys),
            "resealed": progress.resealed,
            "unreadable": progress.unreadable,
        }
    )


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except RotationUnderWay:
        raise Problem(409, "rotation-under-way", "drop the older key first: there are two already") from None
    except KeyInUse:
        raise Problem(409, "key-in-use", "details are sealed with this key; it stays") from None
    except UnknownKey:
        raise Problem(404, "unknown-key", "the key file has no key with this id") from None
    except OSError:
        raise Problem(409, "key-file-read-only", "the key file cannot be written here") from None
