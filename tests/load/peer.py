"""The peer of POST /v1/requests: a bare FastAPI route with one insert_one, and nothing else.

python -m tests.load.peer PORT MONGO_URL
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from uuid import uuid4

import uvicorn
from fastapi import FastAPI
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import BaseModel


class Body(BaseModel):
    service: str
    grid: str
    channel: str
    resident: str | None = None
    text: str | None = None


def build(url: str) -> FastAPI:
    app = FastAPI()
    client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(url)
    collection = client["peer"]["requests"]

    @app.post("/requests", status_code=201)
    async def create(body: Body) -> dict[str, str]:
        document = {"_id": str(uuid4()), "at": datetime.now(UTC), "status": "received", **body.model_dump()}
        await collection.insert_one(document)
        return {"id": document["_id"], "status": "received"}

    return app


if __name__ == "__main__":
    uvicorn.run(
        build(sys.argv[2]),
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
    )
