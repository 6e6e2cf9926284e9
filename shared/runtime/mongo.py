"""The connection to the store: MongoDB's protocol through motor, with the guarantees the log needs.

motor is in maintenance; its successor is PyMongo's own async API. Nothing outside `shared/runtime`
imports either, so that the change is this package's work alone.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import pymongo
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection, AsyncIOMotorDatabase
from pymongo import UpdateOne, WriteConcern
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    WaitQueueTimeoutError,
    WTimeoutError,
)
from pymongo.read_concern import ReadConcern

Document = dict[str, Any]
Client = AsyncIOMotorClient[Document]
Database = AsyncIOMotorDatabase[Document]
Collection = AsyncIOMotorCollection[Document]

STORE_TIMEOUT_MS = 2000
PATIENCE_S = 300.0
DUPLICATE_KEY = 11000

UNCERTAIN = (
    AutoReconnect,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    WaitQueueTimeoutError,
    WTimeoutError,
)
"""Errors after which nobody knows whether the server did what it was asked."""

# Codes of a server that is shutting down, stepping down or starting: it may serve the same call soon.
_PASSING_CODES = {6, 7, 63, 89, 91, 133, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436}


class StoreUnavailable(Exception):
    """The store did not answer in time; what was asked of it may or may not have been done."""


def is_passing(error: BaseException) -> bool:
    """Whether `error` is the store being away for now, as opposed to a wrong call."""
    if isinstance(error, (StoreUnavailable, *UNCERTAIN)):
        return True
    if isinstance(error, BulkWriteError):
        # Without write errors it is a write concern that was not met: done or not, nobody knows.
        faults = error.details["writeErrors"]
        return all(fault["code"] in _PASSING_CODES for fault in faults)
    return isinstance(error, OperationFailure) and error.code in _PASSING_CODES


def connect(url: str) -> Client:
    """A client that waits at most 2 s for the server, at selection, at connecting and at each answer."""
    return AsyncIOMotorClient(
        url,
        serverSelectionTimeoutMS=STORE_TIMEOUT_MS,
        connectTimeoutMS=STORE_TIMEOUT_MS,
        socketTimeoutMS=STORE_TIMEOUT_MS,
        waitQueueTimeoutMS=STORE_TIMEOUT_MS,
        heartbeatFrequencyMS=1000,
        maxPoolSize=20,
        appname="linli",
    )


def database(client: Client, name: str) -> Database:
    """The database `name`, written by majority and journal, read at majority: no failover takes it back."""
    return client.get_database(
        name, write_concern=WriteConcern(w="majority", j=True), read_concern=ReadConcern("majority")
    )


def patiently() -> AbstractContextManager[object]:
    """Let calls inside take up to five minutes: for work in the background that reads a whole collection."""
    return pymongo.timeout(PATIENCE_S)


async def ping(client: Client) -> None:
    """Raise PyMongoError unless the server answers."""
    await client.admin.command("ping")


__all__ = [
    "DUPLICATE_KEY",
    "UNCERTAIN",
    "BulkWriteError",
    "Client",
    "Collection",
    "Database",
    "Document",
    "NetworkTimeout",
    "PyMongoError",
    "StoreUnavailable",
    "UpdateOne",
    "connect",
    "database",
    "is_passing",
    "patiently",
    "ping",
]
