"""What volunteers were trained in: recorded by course, renewed, revoked."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request, Response
from pydantic import Field, model_validator

from services.registry.api import shapes
from services.registry.api.availability_bodies import Date
from services.registry.api.lists import Writer
from services.registry.api.records import Call, amend
from shared.events.registry import (
    Amendment,
    Training,
    TrainingRecorded,
    TrainingRevoked,
    VolunteerRegistered,
)
from shared.kernel.decider import Refused
from shared.kernel.event import Event
from shared.kernel.times import Time, format_time
from shared.runtime.execute import Transaction
from shared.runtime.http.bodies import Body, Code
from shared.runtime.http.calls import CommandsOf
from shared.runtime.http.openapi import answers
from shared.runtime.http.problems import Problem
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1", tags=["people"], route_class=Route)

AHEAD = timedelta(hours=8)
"""How far the date in China is ahead of UTC's."""
NOT_YET = "completed_on has not come yet in China; send the date on which the course was completed"
TOO_MANY = "the volunteer has a hundred trainings on record; revoke those that count no longer"
MOST = 100


class TrainingBody(Body):
    """A course that a volunteer completed, and until when that counts: for good, if nothing is said."""

    course: Code = Field(examples=["home-safety"])
    completed_on: Date
    expires_at: Time | None = Field(None, examples=["2028-05-20T16:00:00Z"])

    @model_validator(mode="after")
    def counts_for_a_while(self) -> TrainingBody:
        """What expires before it was completed was mistyped; what has expired since can be recorded."""
        if self.expires_at is not None and format_time(self.expires_at)[:10] < self.completed_on:
            raise ValueError("expires_at is before completed_on; correct one of them")
        return self

    def training(self) -> Training:
        """As events carry it."""
        return Training(course=self.course, completed_on=self.completed_on, expires_at=self.expires_at)


@router.post(
    "/volunteers/{volunteer}/trainings",
    summary="Record what a volunteer was trained in",
    responses=answers(shapes.Registered),
)
async def record_training(
    volunteer: str, body: TrainingBody, request: Request, principal: Writer, commands: CommandsOf
) -> Response:
    """200; takes the place of an earlier training in the same course, and what is so already is no event. 422
    `training-ahead` for a date that has not come; 409 `too-many-trainings`, `record-ended` for who left."""

    async def changes(transaction: Transaction, facts: Event) -> Amendment:
        assert isinstance(facts, VolunteerRegistered)
        if body.completed_on > (transaction.context.now + AHEAD).date().isoformat():
            raise Problem(422, "training-ahead", NOT_YET)
        trainings = _with(facts.trainings, body.training())
        if len(trainings) > MOST:
            raise Refused("too-many-trainings", TOO_MANY)
        units = (facts.unit,)
        return TrainingRecorded(
            community=facts.community, units=units, course=body.course, trainings=trainings
        )

    return await amend(Call(commands, request, principal, volunteer, VolunteerRegistered), changes)


@router.post(
    "/volunteers/{volunteer}/trainings/{course}/revoke",
    summary="Say that a volunteer's training counts no longer",
    responses=answers(shapes.Registered),
)
async def revoke_training(
    volunteer: str, course: str, request: Request, principal: Writer, commands: CommandsOf
) -> Response:
    """200; no event if no training in this course is on record. 409 `record-ended` for who left."""

    async def changes(_: Transaction, facts: Event) -> Amendment:
        assert isinstance(facts, VolunteerRegistered)
        left = tuple(each for each in facts.trainings if each.course != course)
        units = (facts.unit,)
        return TrainingRevoked(community=facts.community, units=units, course=course, trainings=left)

    return await amend(Call(commands, request, principal, volunteer, VolunteerRegistered), changes)


def _with(trainings: tuple[Training, ...], training: Training) -> tuple[Training, ...]:
    others = [each for each in trainings if each.course != training.course]
    return tuple(sorted([*others, training], key=lambda each: each.course))
