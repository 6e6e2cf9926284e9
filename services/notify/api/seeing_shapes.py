"""What answers about deliveries that are mended, and about an endpoint's health, look like."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from services.notify.api.shapes import ENDPOINT
from shared.folds.endpoint import Status
from shared.kernel.times import Time
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.ids import Id


class Asked(Shape):
    """What was asked is on record, and done within about a second."""

    example: ClassVar[Document] = {
        "endpoint": ENDPOINT,
        "event": "01a20bba-6639-7b21-9d7e-0a3c4de20f11",
        "number": 17,
        "state": "pending",
    }

    endpoint: Id
    event: str = Field(description="the id of the event, and of the webhook")
    number: int = Field(description="of the message, in the box that the endpoint is told from")
    state: Literal["pending", "cancelled"]


class Recovering(Shape):
    """What was given up since then is sent again."""

    example: ClassVar[Document] = {"id": ENDPOINT, "since": "2026-11-24T00:00:00.000Z"}

    id: Id
    since: Time


class States(Shape):
    """How many deliveries are in each state: together all that the endpoint was to be told, of messages that
    are kept. Null where there are too many to be counted in time."""

    example: ClassVar[Document] = {
        "delivered": 1871,
        "exhausted": 2,
        "cancelled": 1,
        "retrying": 3,
        "untried": 0,
    }

    delivered: int | None
    exhausted: int | None = Field(description="given up; `recover` sends them again")
    cancelled: int | None
    retrying: int | None = Field(description="tried, or asked for again, and still to be tried")
    untried: int = Field(description="of the first 10,000 messages that were not tried yet")


class Health(Shape):
    """How an endpoint fares. Its last attempts are those of the last 100, tests left out."""

    example: ClassVar[Document] = {
        "id": ENDPOINT,
        "status": "active",
        "held": "failing",
        "failing_since": "2026-11-24T03:29:28.123Z",
        "attempts": 100,
        "success_rate": "0.940",
        "latency_ms_median": 41,
        "latency_ms_p95": 230,
        "backlog": 3,
        "backlog_is": "exact",
        "oldest_waiting_at": "2026-11-24T03:29:20.004Z",
        "states": States.example,
    }

    id: Id
    status: Status
    held: Literal["paused", "disabled", "no-agreement", "failing"] | None = Field(
        description="why nothing is sent now; `failing`: one is sent now and then, to see whether it is taken"
    )
    failing_since: Time | None
    attempts: int = Field(description="looked back on; 100 at the most")
    success_rate: str | None = Field(description="the share of them that was taken, from 0.000 to 1.000")
    latency_ms_median: int | None = Field(description="of those that were taken")
    latency_ms_p95: int | None
    backlog: int = Field(description="deliveries that wait")
    backlog_is: Literal["exact", "at-least"]
    oldest_waiting_at: Time | None = Field(description="when the oldest that waits was made")
    states: States


class Tested(Shape):
    """What the receiver answered to an example."""

    example: ClassVar[Document] = {
        "id": "test-01a20bba-6639-7b21-9d7e-0a3c4de20f11",
        "type": "request-created",
        "accepted": False,
        "status": 401,
        "error": "status",
        "took_ms": 41,
        "answer": "wrong signature",
    }

    id: str = Field(description="the webhook-id")
    type: str
    accepted: bool
    status: int | None = Field(description="what it answered; null if nothing")
    error: str | None = Field(description="why it is no success: a code such as `status` or `timeout`")
    took_ms: int
    answer: str = Field(description="the first 16 KiB of it")
