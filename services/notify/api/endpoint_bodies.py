"""What is said of an endpoint when it is registered, or changed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from services.notify.domain.endpoint import PER_MINUTE
from services.notify.domain.subscription import PATTERN
from services.notify.domain.url import URL_LENGTH
from shared.events.dispatch import Priority
from shared.events.notify import (
    Backlog,
    Channel,
    EndpointAmended,
    EndpointRegistered,
    Format,
    Language,
    Signature,
)
from shared.runtime.http.bodies import Body
from shared.runtime.ids import Id

EventType = Annotated[str, StringConstraints(pattern=PATTERN)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")]
Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Codes = Annotated[list[Code], Field(max_length=100)]
Priorities = Annotated[list[Priority], Field(max_length=4)]
Types = Annotated[list[EventType], Field(max_length=50)]

CLEARABLE = ("per_minute", "digest_minutes", "digest_at", "quiet_from", "quiet_until")
LISTS = ("services", "categories", "grids", "priorities", "urgent")


class EndpointBody(Body):
    """Where a unit, or one of its volunteers, is told, and of what."""

    unit: Id = Field(examples=["unit-health-centre"])
    events: list[EventType] = Field(
        min_length=1,
        max_length=50,
        description="event types; `*` stands for any letters, alone for all",
        examples=[["*"]],
    )
    channel: Channel = "webhook"
    url: str | None = Field(
        None,
        min_length=1,
        max_length=URL_LENGTH,
        description="of a webhook, or of a group robot",
        examples=["https://partner.example/webhooks"],
    )
    email: str | None = Field(None, max_length=254, description="the address, if the channel is `email`")
    robot_secret: str | None = Field(
        None, min_length=1, max_length=200, description="what a DingTalk robot checks signatures with"
    )
    volunteer: Id | None = Field(None, description="the unit's volunteer who is told, instead of the unit")
    via: Id | None = Field(None, description="the unit's endpoint by which a volunteer is told")
    services: Codes = Field([], description="only what is of these services")
    categories: Codes = Field([], description="only what is of these categories")
    grids: Codes = Field([], description="only what is in these grids")
    priorities: Priorities = Field([], description="only what has these priorities")
    format: Format = "cloudevents"
    signature: Signature = "v1"
    language: Language = "zh"
    ordered: bool = Field(False, description="one at a time, in order; a failure holds what is behind it")
    per_minute: int | None = Field(None, ge=1, le=6000)
    digest_minutes: int | None = Field(None, ge=1, le=1440)
    digest_at: Clock | None = Field(None, description="HH:MM, China's time")
    quiet_from: Clock | None = Field(None, description="HH:MM, China's time")
    quiet_until: Clock | None = None
    urgent: Types = Field(
        [], description="types that do not wait for a digest, nor for the end of quiet hours"
    )

    def asked(self, community: str, details: str, after: int, channel: Channel) -> EndpointRegistered:
        """The event that says so. `after` is the number of the last message that it is not told of."""
        told = self.model_dump(exclude={"url", "email", "robot_secret", "channel"})
        lists = {name: tuple(told.pop(name)) for name in (*LISTS, "events")}
        per_minute = told.pop("per_minute") or PER_MINUTE.get(channel)
        return EndpointRegistered(
            **told,
            **lists,
            community=community,
            details=details,
            after=after,
            channel=channel,
            per_minute=per_minute,
        )


class EndpointChanges(Body):
    """What changes; what is left out stays, and null takes away what need not be there."""

    events: list[EventType] | None = Field(None, min_length=1, max_length=50)
    url: str | None = Field(None, min_length=1, max_length=URL_LENGTH)
    email: str | None = Field(None, max_length=254)
    robot_secret: str | None = Field(
        None, min_length=1, max_length=200, description="of the DingTalk robot at the new `url`"
    )
    services: Codes | None = None
    categories: Codes | None = None
    grids: Codes | None = None
    priorities: Priorities | None = None
    format: Format | None = None
    language: Language | None = None
    ordered: bool | None = None
    per_minute: int | None = Field(None, ge=1, le=6000)
    digest_minutes: int | None = Field(None, ge=1, le=1440)
    digest_at: Clock | None = None
    quiet_from: Clock | None = None
    quiet_until: Clock | None = None
    urgent: Types | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _must_stay(cls, value: object, info: ValidationInfo) -> object:
        if value is None and info.field_name not in CLEARABLE:
            raise ValueError("it cannot be taken away; leave it out, and it stays as it is")
        return value

    def change(self, community: str, address: str | None) -> EndpointAmended:
        """The event that says so; `address` is the digest of the new one."""
        told = self.model_dump(exclude={"url", "email", "robot_secret"}, exclude_unset=True)
        lists = {name: tuple(told[name]) for name in (*LISTS, "events") if told.get(name) is not None}
        cleared = tuple(name for name in CLEARABLE if name in self.model_fields_set and told[name] is None)
        kept = {name: value for name, value in told.items() if name not in lists and value is not None}
        return EndpointAmended(community=community, address=address, cleared=cleared, **kept, **lists)


class RotateBody(Body):
    """How long the secrets before go on signing beside the new one."""

    overlap_hours: float = Field(24, ge=0, le=168)


class ResumeBody(Body):
    """What becomes of what was kept meanwhile."""

    backlog: Backlog = Field("send", description="`send`: all of it, oldest first; `skip`: none of it")
