"""An answer that goes on: server-sent events (HTML, "Server-sent events")."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import ClassVar

from fastapi.responses import StreamingResponse
from starlette.types import Send

HEARTBEAT_S = 15.0
CHECK_S = 1.5
"""How often it is asked whether the token is good yet."""
RETRY_MS = 2_000
STUCK_S = 30.0
"""How long a listener may take nothing before its connection is cut."""
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""So that nobody on the way keeps events, or gathers them."""


class EventStream(StreamingResponse):
    """Server-sent events. Whoever takes none for long is cut off."""

    media_type = "text/event-stream"
    stuck_s: ClassVar[float] = STUCK_S

    async def stream_response(self, send: Send) -> None:
        """See StreamingResponse."""
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        await send(start)
        with suppress(TimeoutError):
            async for chunk in self.body_iterator:
                async with asyncio.timeout(self.stuck_s):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
