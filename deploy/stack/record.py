"""Which processes of a stack were started, and when: what lets a later launcher find them again."""

import threading
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, ValidationError

from deploy.stack.errors import StackError
from deploy.stack.folder import DataFolder, write_private
from deploy.stack.processes import Process


class _Running(BaseModel):
    model_config = ConfigDict(frozen=True)

    port_base: int
    processes: Mapping[str, Process]


class Record:
    """The processes started from one data folder. Its file is written before a start is waited for."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._changing = threading.Lock()

    def port_base(self) -> int | None:
        """The base of the ports of what runs, or ran last."""
        kept = self._read()
        return kept.port_base if kept else None

    def processes(self) -> dict[str, Process]:
        """Everything that was started and not forgotten since, whether or not it still runs."""
        kept = self._read()
        return dict(kept.processes) if kept else {}

    def running(self, part: str) -> Process | None:
        """The part's process, if it runs."""
        process = self.processes().get(part)
        return process if process and process.running() else None

    def keep(self, port_base: int, part: str, process: Process) -> None:
        """Note that a part was started."""
        with self._changing:
            self._write(port_base, self.processes() | {part: process})

    def forget(self, part: str) -> None:
        """Note that a part was ended."""
        with self._changing:
            kept = self._read()
            if kept:
                self._write(
                    kept.port_base, {name: one for name, one in kept.processes.items() if name != part}
                )

    def _read(self) -> _Running | None:
        path = self._folder.running
        if not path.exists():
            return None
        try:
            return _Running.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise StackError(f"{path} is damaged; end what it names by hand, then delete it") from error

    def _write(self, port_base: int, processes: Mapping[str, Process]) -> None:
        kept = _Running(port_base=port_base, processes=processes)
        write_private(self._folder.running, kept.model_dump_json(indent=2))
