"""Starts a service as a process: `python -m services.<name>`."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import TypeVar

import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from shared.runtime.logs import configure
from shared.runtime.settings import Settings, wrong_settings

S = TypeVar("S", bound=Settings)


def _tune() -> None:
    """The driver works in threads, which wait for the loop's turn to end: short turns, then, and seldom a
    collection, which finds little where requests leave no cycles behind."""
    sys.setswitchinterval(0.0005)
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def run(name: str, kind: Callable[[], S], build: Callable[[S], FastAPI]) -> None:
    """Read the settings, build the application and serve it until SIGTERM."""
    try:
        settings = kind()
        configure(name, settings.log_level)
        app = build(settings)
    except ValidationError as error:
        for setting, wrong in wrong_settings(error).items():
            print(f"{name}: {setting}: {wrong}", file=sys.stderr)
        sys.exit(2)
    except ValueError as error:
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(2)
    _tune()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
