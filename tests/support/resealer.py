"""A process that seals anew what is sealed with an old key, until it is killed or done.

python -m tests.support.resealer URL DATABASE KEY_FILE
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from shared.runtime.keyring import load_keyring
from shared.runtime.mongo import connect, database
from shared.runtime.rotation import Rotation
from shared.runtime.sealed import SealedDetails


async def main(url: str, name: str, key_file: str) -> None:
    client = connect(url)
    keyring = load_keyring(Path(key_file))
    sealed = SealedDetails(database(client, name), keyring)
    print(await Rotation(sealed.collections, keyring).reseal(), flush=True)
    client.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3]))
