"""Lists in pages: `{"items": […], "next": cursor or null}`, the cursor opaque, also as RFC 8288 Link."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from shared.runtime.http.calls import json_response
from shared.runtime.http.problems import Problem

MAX_LIMIT = 500


class Page(BaseModel):
    """The query of every list; a list's own filters are added by inheriting. Unknown names are refused."""

    model_config = ConfigDict(extra="forbid", strict=False)

    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="how many at the most")
    cursor: str | None = Field(None, max_length=400, description="`next` of the page before")

    def after(self) -> str | None:
        """What the cursor stands for. Raises Problem 400 if it is none of ours."""
        if self.cursor is None:
            return None
        try:
            return base64.b64decode(self.cursor.encode("ascii"), b"-_", validate=True).decode()
        except (UnicodeError, binascii.Error, ValueError):
            raise Problem(400, "invalid-cursor", "this is no cursor; send what `next` said") from None


def cursor_to(text: str) -> str:
    """The opaque cursor that stands for `text`."""
    return base64.urlsafe_b64encode(text.encode()).decode()


def page_response(request: Request, items: Sequence[object], next_after: str | None) -> Response:
    """A page, and where the next begins; None if this is the last."""
    cursor = None if next_after is None else cursor_to(next_after)
    links = None
    if cursor is not None:
        links = f'<{request.url.include_query_params(cursor=cursor)}>; rel="next"'
    return json_response({"items": list(items), "next": cursor}, links=links)
