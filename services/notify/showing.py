"""Deliveries and their attempts as they are shown."""

from __future__ import annotations

from services.notify.endpoints import Endpoint
from services.notify.letters import Message
from shared.kernel.canonical import Json
from shared.runtime.mongo import Document


def shown_record(record: Document, message: Message | None) -> dict[str, Json]:
    """One that has a record; `message` if it is still kept."""
    return {
        "event": record["message"],
        "type": record["type"],
        "endpoint": record["endpoint"],
        "unit": record["unit"],
        "number": record["number"],
        "state": record["state"],
        "attempts": record["attempts"],
        "next_at": record["next_at"],
        "last_status": record["status"],
        "last_error": record["error"],
        "delivered_at": record["at"] if record["state"] == "delivered" else None,
        "created_at": record["at"] if message is None else message.at,
    }


def shown_untried(endpoint: Endpoint, message: Message) -> dict[str, Json]:
    """One that was not tried yet."""
    return {
        "event": message.id,
        "type": message.type,
        "endpoint": endpoint.id,
        "unit": endpoint.unit,
        "number": message.number,
        "state": "pending",
        "attempts": 0,
        "next_at": message.at,
        "last_status": None,
        "last_error": None,
        "delivered_at": None,
        "created_at": message.at,
    }


def shown_attempt(document: Document) -> dict[str, Json]:
    """One attempt, with the first of what was answered."""
    names = ("attempt", "at", "status", "error", "took_ms")
    answer = bytes(document.get("answer") or b"")
    return {**{name: document[name] for name in names}, "answer": answer.decode("utf-8", "replace")}
