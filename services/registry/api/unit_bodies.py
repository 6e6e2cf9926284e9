"""What the routes of units accept, their contacts included."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from services.registry.api.bodies import ChangesBody, NewBody, Phone, Text
from shared.kernel.canonical import Json
from shared.runtime.http.bodies import Body, Code
from shared.runtime.http.shapes import Absent

Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}$")]


class ContactBody(Body):
    """A person of a unit to talk to. Kept sealed."""

    name: Text = Field(examples=["赵敏"])
    phone: Phone | None = Field(None, examples=["087162120000"])
    email: Email | None = Field(None, examples=["zhao@example.org"])
    role: Text | None = Field(None, examples=["值班主任"])


Contacts = Annotated[list[ContactBody], Field(max_length=20)]


def contact_details(contacts: list[ContactBody]) -> dict[str, Json]:
    """As they are sealed: `{"contacts": [{name, phone?, email?, role?}]}`."""
    return {"contacts": [contact.model_dump(exclude_none=True) for contact in contacts]}


class UnitBody(NewBody):
    """A partner unit."""

    name: Text = Field(examples=["东川卫生服务中心"])
    kind: Code = Field(examples=["health"])
    contacts: Contacts = Field(default_factory=list)
    confirmed: bool = Field(False, description="that it is another than those of the same name")


class UnitChanges(ChangesBody):
    """What changes of a unit; `contacts` are then all that it has."""

    optional: ClassVar[frozenset[str]] = frozenset({"contacts"})

    name: Text | Absent = Field(None, examples=["东川区卫生服务中心"])
    kind: Code | Absent = Field(None, examples=["health"])
    contacts: Contacts | None = None
