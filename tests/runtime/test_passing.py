"""What is the store being away, and what is a wrong call."""

from __future__ import annotations

import pytest
from pymongo.errors import BulkWriteError, DuplicateKeyError, NetworkTimeout, OperationFailure

from shared.runtime.access import KeyTable
from shared.runtime.mongo import Database, StoreUnavailable, is_passing


def bulk(write: list[int], concern: list[int]) -> BulkWriteError:
    """A bulk write's error with these codes."""
    return BulkWriteError(
        {
            "writeErrors": [{"index": 0, "code": code} for code in write],
            "writeConcernErrors": [{"code": code} for code in concern],
        }
    )


@pytest.mark.parametrize(
    "error",
    [
        NetworkTimeout("x"),
        StoreUnavailable("x"),
        OperationFailure("x", 11600),
        bulk([], [189]),
        bulk([91], []),
    ],
)
def test_what_passes_is_tried_again(error: Exception) -> None:
    assert is_passing(error)


@pytest.mark.parametrize(
    "error", [DuplicateKeyError("x", 11000), OperationFailure("x", 2), bulk([11000], []), ValueError("x")]
)
def test_what_does_not_pass_is_a_fault(error: Exception) -> None:
    assert not is_passing(error)


async def test_a_revocation_reaches_another_replica(database: Database) -> None:
    one, other = KeyTable(database), KeyTable(database)
    await one.add_key("k", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
    await other.load()
    await database["access"].insert_one({"_id": "revoked:client-x", "at": "now"})
    await other.load()
    assert other.revoked == {"client-x"}
    assert other.keys.keys() == {"k"}
