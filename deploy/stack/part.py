"""What the launcher needs to know of a part, whatever it is."""

from dataclasses import dataclass
from typing import Protocol

from deploy.stack.processes import Launch


class Part(Protocol):
    """One process of the stack."""

    @property
    def name(self) -> str: ...

    @property
    def ports(self) -> tuple[int, ...]:
        """Where it listens, its main port first; all must be free before it starts."""

    @property
    def patience(self) -> float:
        """Seconds that it may take from its start until it is ready."""

    def prepare(self) -> Launch:
        """Put in place what its start needs, and say how to start it. Raises StackError if that fails."""

    def why_not_ready(self) -> str | None:
        """None once it does its work; until then what is missing, in a few words."""


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part as it is now. `state` is `up`, `not ready` or `down`; `why` says what is not ready."""

    name: str
    state: str
    port: int
    pid: int | None = None
    memory_mb: float = 0.0
    why: str | None = None
