"""The folder that holds everything a stack has: data, logs, secrets, what runs. It is the owner's alone."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.stack.errors import StackError

_LOCK_PATIENCE = 120.0


def write_private(path: Path, text: str) -> None:
    """Put `text` at `path` at once and whole, readable by the owner only."""
    with _written(path, text) as temporary:
        temporary.replace(path)


def write_private_once(path: Path, text: str) -> None:
    """The same, unless there is something at `path` already, which then stays. Of two at once, one wins."""
    with _written(path, text) as temporary, suppress(FileExistsError):
        path.hardlink_to(temporary)


@contextmanager
def _written(path: Path, text: str) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class DataFolder:
    """LINLI_DATA, as an absolute path."""

    path: Path

    def create(self) -> None:
        """Make the folder, or take over an empty one; its mode becomes 0700.

        Raises StackError for a folder that holds something else: a new mode for, say, /tmp would do harm.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.secrets.exists() and not all(_ours(child) for child in self.path.iterdir()):
            raise StackError(
                f"{self.path} holds something else; LINLI_DATA must name a folder that is new or empty"
            )
        self.path.chmod(0o700)

    def sub(self, name: str) -> Path:
        """A folder inside, made if it does not exist."""
        folder = self.path / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def log(self, part: str) -> Path:
        """Where a part's standard output and error go."""
        return self.sub("logs") / f"{part}.log"

    @property
    def secrets(self) -> Path:
        """Passwords and client secrets; made once, kept for as long as the data."""
        return self.path / "secrets.json"

    @property
    def case(self) -> Path:
        """The name of the case that the first start decided on."""
        return self.path / "case"

    @property
    def running(self) -> Path:
        """Which processes were started, for the launcher itself."""
        return self.path / "running.json"

    @property
    def stack_file(self) -> Path:
        """Addresses, process ids and the administrator's client, for people and tests."""
        return self.path / "stack.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one launcher at a time changes what runs from this folder; a second one waits for its turn.

        Raises StackError if that turn does not come within two minutes.
        """
        with (self.path / "lock").open("a+") as file:
            deadline = time.monotonic() + _LOCK_PATIENCE
            while not _try_lock(file.fileno()):
                if time.monotonic() > deadline:
                    raise StackError(f"another launcher has been at work in {self.path} for over two minutes")
                time.sleep(0.1)
            yield


def _ours(child: Path) -> bool:
    """Whether another launcher put this into a new folder, where the secrets come first."""
    return child.name.lstrip(".").startswith("secrets.json")


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
