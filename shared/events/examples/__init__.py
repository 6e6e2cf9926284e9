"""An example of each event type: its data with every field filled, as `<type>.json`.

They are what was said once and must be understood for ever: see tests/contracts/test_event_contracts.py.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from shared.kernel.canonical import Json, decode_object


def example_of(name: str) -> dict[str, Json]:
    """The data of an event of this type. Raises FileNotFoundError for a type that has none."""
    return decode_object(_read(name))


@cache
def _read(name: str) -> bytes:
    return files(__name__).joinpath(f"{name}.json").read_bytes()
