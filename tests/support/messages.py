"""Messages as a service's relay publishes them."""

from __future__ import annotations

import aio_pika

from shared.runtime.broker import CONTENT_TYPE


def message(event_id: str, body: bytes, account: str) -> aio_pika.Message:
    """A CloudEvent as a persistent message of `account`."""
    return aio_pika.Message(
        body,
        content_type=CONTENT_TYPE,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=event_id,
        user_id=account,
    )
