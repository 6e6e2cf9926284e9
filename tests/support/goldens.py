"""The golden files of events: what was said once, and must be understood for ever.

`python -m tests.support.goldens` writes the schema of every event type as the code makes it now: for a new
type, or for a field that was added. Look at the difference: taking a field away, renaming it or making one
required breaks what others rely on, and is a new event type instead.
"""

from __future__ import annotations

import json

from deploy.stack.services import CHECKOUT
from shared.events.index import ALL
from shared.kernel.canonical import Json, decode_object
from shared.runtime.http.asyncapi import schema_of

FOLDER = CHECKOUT / "tests/contracts"
FOLDERS = {
    "events": CHECKOUT / "shared/events/examples",
    "schemas": FOLDER / "schemas",
    "streams": FOLDER / "streams",
}


def golden(kind: str, name: str) -> dict[str, Json]:
    """The JSON object of the golden file of this kind and name."""
    return decode_object((FOLDERS[kind] / f"{name}.json").read_bytes())


def names(kind: str) -> list[str]:
    """The names of the golden files of this kind."""
    return sorted(path.stem for path in FOLDERS[kind].glob("*.json"))


def write_schemas() -> None:
    """Write the schema files anew."""
    for name, model in ALL.items():
        text = json.dumps(schema_of(model), ensure_ascii=False, indent=2)
        (FOLDERS["schemas"] / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    write_schemas()
