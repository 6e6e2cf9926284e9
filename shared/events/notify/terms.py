"""Words that notify's events share."""

from __future__ import annotations

from typing import Literal

Channel = Literal["webhook", "email", "wecom", "dingtalk", "amqp"]
"""How an endpoint is told. What waits to be fetched, the inbox and the stream, needs no endpoint."""
Format = Literal["cloudevents", "data"]
"""What a body is: the whole CloudEvent, or its bare data."""
Signature = Literal["v1", "v1a"]
"""How a webhook is signed (Standard Webhooks): HMAC-SHA256 with a shared secret, or Ed25519."""
Language = Literal["zh", "en"]
Backlog = Literal["send", "skip"]
"""What becomes of what was kept while an endpoint was not told: sent, oldest first, or passed over."""
DisabledFor = Literal["gone", "failing", "unit-retired"]
"""Why an endpoint is told nothing any more: it said so itself (410); it failed for days; its unit is no
more."""
Outcome = Literal["delivered", "failed", "exhausted"]
"""`failed` is tried again; `exhausted` is not, unless somebody asks for it."""
