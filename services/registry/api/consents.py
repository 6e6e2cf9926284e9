"""What residents agree to, purpose by purpose, and what they agree to no longer."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter, ValidationError

from services.registry.api import privacy_shapes
from services.registry.api.lists import ResidentReader, Writer
from services.registry.api.records import may_reach
from services.registry.domain.person import GiveConsent
from services.registry.withdrawals import PERSONS, withdraw
from shared.events.registry import ConsentPurpose
from shared.folds.person import Consent, Person
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.kernel.decider import NOT_FOUND, require
from shared.kernel.times import format_time
from shared.runtime.access import Principal
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import CommandsOf, json_response
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers
from shared.runtime.http.problems import Problem
from shared.runtime.http.routes import Route
from shared.runtime.sealed import Erased
from shared.runtime.service import Service

router = APIRouter(prefix="/v1/residents", tags=["privacy"], route_class=Route)

_PURPOSE: TypeAdapter[ConsentPurpose] = TypeAdapter(ConsentPurpose)
_UNKNOWN_PURPOSE = "nobody is asked for consent to this; the purposes are service, health, emergency-contact"


async def person_for(transaction: Transaction, resident: str, principal: Principal) -> Person:
    """The resident. Raises Refused `not-found` for what is not there or another's, and Erased."""
    person = await transaction.load(PERSONS, resident)
    facts = person.resident
    require(facts is not None and may_reach(principal, resident, facts), "not-found", NOT_FOUND)
    if person.erased:
        raise Erased(resident)
    return person


@router.post(
    "/{resident}/consents",
    summary="Put on record that a resident agrees to something",
    responses=answers(privacy_shapes.ConsentSaid),
)
async def give_consent(
    resident: str,
    body: privacy_shapes.ConsentBody,
    request: Request,
    principal: Writer,
    commands: CommandsOf,
) -> Response:
    """200; what is so already is no event. It can be given again after it was withdrawn. 422 `consent-over`
    if `until` is over, 409 `record-ended` for who moved away, 410 after an erasure."""

    async def work(transaction: Transaction) -> Answer:
        await person_for(transaction, resident, principal)
        now = transaction.context.now
        person = await transaction.decide(PERSONS, resident, GiveConsent(body.purpose, now, body.until))
        return _said(transaction, resident, person, body.purpose)

    return await commands.run(request, principal, work)


@router.post(
    "/{resident}/consents/{purpose}/withdraw",
    summary="Put on record that a resident agrees no longer",
    responses=answers(privacy_shapes.ConsentSaid),
)
async def withdraw_consent(
    resident: str, purpose: str, request: Request, principal: Writer, commands: CommandsOf
) -> Response:
    """200; so is what was never agreed to. What the consent covers is deleted within seconds, in the other
    services too; under a legal hold (`withdrawn-held`) once the last hold is released. 404 `unknown-purpose`,
    410 after an erasure."""
    service: Service = request.app.state.service
    withdrawn = _purpose(purpose)

    async def work(transaction: Transaction) -> Answer:
        await person_for(transaction, resident, principal)
        person = await withdraw(transaction, service.sealed, resident, [withdrawn])
        return _said(transaction, resident, person, withdrawn)

    return await commands.run(request, principal, work)


@router.get(
    "/{resident}/consents",
    summary="What a resident agrees to",
    responses=answers(privacy_shapes.Consents, headers=[ETAG]),
)
async def consents(
    resident: str, request: Request, principal: ResidentReader, commands: CommandsOf
) -> Response:
    """Purpose by purpose, with what was withdrawn. 410 after an erasure."""
    transaction = commands.read(request, principal)
    person = await person_for(transaction, resident, principal)
    return json_response({"items": consents_shown(person)}, etag=transaction.version(resident))


def consents_shown(person: Person) -> list[Json]:
    """The consents, for an answer."""
    return [
        {
            "purpose": purpose,
            "state": _state(consent),
            "given_at": None if consent.given_at is None else format_time(consent.given_at),
            "until": None if consent.until is None else format_time(consent.until),
        }
        for purpose, consent in sorted(person.consents.items())
    ]


def _said(transaction: Transaction, resident: str, person: Person, purpose: ConsentPurpose) -> Answer:
    body: dict[str, Json] = {"id": resident, "purpose": purpose, "state": _state(person.consents[purpose])}
    return Answer(200, body, etag=transaction.version(resident))


def _state(consent: Consent) -> privacy_shapes.ConsentState:
    if consent.withdrawn:
        return "withdrawn-held" if consent.held else "withdrawn"
    return "over" if consent.until is not None and consent.until <= datetime.now(UTC) else "given"


def _purpose(text: str) -> ConsentPurpose:
    try:
        return _PURPOSE.validate_python(text)
    except ValidationError:
        raise Problem(404, "unknown-purpose", _UNKNOWN_PURPOSE) from None
