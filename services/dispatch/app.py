"""dispatch, wired in the order in which it starts."""

from __future__ import annotations

from fastapi import FastAPI

from services.dispatch.aggregates import calendars_from
from services.dispatch.api import (
    assignments,
    attachments,
    between_units,
    candidates,
    capacities,
    figures,
    hand_overs,
    life,
    listing,
    open311,
    open311_post,
    planned_visits,
    report,
    requests,
    visits,
)
from services.dispatch.api.board import boards_of
from services.dispatch.api.board import router as board_router
from services.dispatch.api.calendars import router as calendars_router
from services.dispatch.api.days import router as days_router
from services.dispatch.api.desk import Desk
from services.dispatch.api.open311_service import Facade
from services.dispatch.api.rebuild import router as rebuild_router
from services.dispatch.clocks import Clocks
from services.dispatch.directory import Directory
from services.dispatch.duties import Duties
from services.dispatch.figure_desk import FigureDesk
from services.dispatch.firing import Firing
from services.dispatch.matchmaker import Matchmaker
from services.dispatch.memory import Memory, new_views
from services.dispatch.persons import Persons
from services.dispatch.public_requests import PublicRequests
from services.dispatch.public_services import PublicServices
from services.dispatch.reactions import reactions
from services.dispatch.roster import Roster
from services.dispatch.stale_basis import StaleBasis
from services.dispatch.timelines import Timelines
from services.dispatch.views import Requests
from services.dispatch.working_days import WorkingDays
from shared.events.details import DetailsErased
from shared.events.examples import example_of
from shared.events.index import BY_SERVICE
from shared.runtime.erasure import Erasure
from shared.runtime.keyring import load_keyring
from shared.runtime.projection import View
from shared.runtime.service import Service, by_type
from shared.runtime.settings import Settings
from shared.runtime.timers import Clock, now

ROUTERS = [
    *(requests.router, listing.router, life.router, assignments.router, candidates.router),
    *(planned_visits.router, visits.router, attachments.router, hand_overs.router),
    *(between_units.router, capacities.router),
    *(board_router, days_router, calendars_router, rebuild_router, figures.router, report.router),
    *(open311.router, open311_post.router),
]


def build(settings: Settings, clock: Clock = now) -> FastAPI:
    """The application; `clock` is the time that it goes by."""
    service = Service("dispatch", settings, load_keyring(settings.key_file), clock)
    directory = Directory(service.database, lambda: registry.applied("registry"))
    working_days = WorkingDays(service.database)
    board = Requests(service.store.stream, service.executor.at_hand.at)
    roster, duties = Roster(service.database), Duties()
    service.executor.at_hand.else_from = calendars_from(duties)
    timelines = Timelines()
    public_services, public_requests = PublicServices(service.database), PublicRequests()
    erasure = Erasure(service.name, service.store, service.sealed, DetailsErased)

    views: dict[str, View] = {
        "requests": board,
        "duties": duties,
        "open311": public_requests,
        "figures": timelines,
    }
    followed = service.keep(
        "memory.v3", Memory(views, lambda: new_views(service.store.stream, service.executor.at_hand.at))
    )

    tables = (working_days.reactions(), public_services.reactions(), roster.reactions())
    agreements, executor = service.keys.agreements, service.executor
    stale = StaleBasis(board, directory, agreements, executor, lambda: service.catch_up(followed), clock)
    own = reactions(directory, erasure, Persons(service, board, followed).requests_of)
    heard = by_type(service.keys.reactions(), own, *tables, stale.reactions())
    registry = service.follow(["registry"], heard)
    service.on_open(working_days.load)
    service.on_open(roster.open)
    service.also("working-days", working_days.keep_loading)
    matchmaker = Matchmaker(directory, roster, duties)
    desk = Desk(service, directory, board, registry, working_days, matchmaker, followed)
    clocks = Clocks(board.row, clock)
    board.watch(clocks.changed)
    board.watch(stale.changed)
    firing = Firing(service.executor, working_days, matchmaker, desk.basis)
    service.also("stale-basis", stale.keep_looking)
    service.also("clocks", lambda: clocks.keep_looking(firing, service.has_settled))

    app = service.app(
        "Linli dispatch",
        ROUTERS,
        BY_SERVICE["dispatch"],
        example_of,
        files=(attachments.FILES, open311.FORMS),
    )
    app.state.desk = desk
    app.state.boards = boards_of(board, followed, service.name)
    app.state.matchmaker = matchmaker
    app.state.open311 = Facade(public_services, public_requests, followed)
    app.state.figures = FigureDesk(service, timelines, followed)
    return app
