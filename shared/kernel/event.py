"""What every event is: a frozen model with a permanent type name."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """Something that happened, in the past tense.

    A type's name and meaning are permanent: a changed meaning is a new type. Every event carries the
    community it belongs to. It carries ids, codes and times, never what names or describes a person.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    type: ClassVar[str]

    community: str


class Partners(Event):
    """An event that concerns partner units: it goes to each unit that `units` names, and to nobody else."""

    units: tuple[str, ...] = ()
