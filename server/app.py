"""The roof: mounts the routes of an open clinic.

    Config ─▶ Clinic ─▶ routes ─▶ web.Application
              switchboard ─▶ /signal

Nobody imports this but the command and the tests.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

from aiohttp import web
from prometheus_client import CollectorRegistry

from clinic_ui.assets import Assets
from clinic_ui.cabin import pages as cabin_pages
from clinic_ui.coordination import door as coordination_pages
from clinic_ui.coordination.planning import PlanningPages
from clinic_ui.coordination.promises import PromisePages
from clinic_ui.desk.desk import Desk
from clinic_ui.desk.pages import DeskPages
from clinic_ui.desk.placing import PlacingPages
from clinic_ui.desk.records import RecordPages
from clinic_ui.desk.settings import SettingsPages
from clinic_ui.desk.tending import TendingForms
from clinic_ui.fonts import prepare_font
from clinic_ui.front_office import pages as office_pages
from clinic_ui.front_office.copying import CopyPages
from clinic_ui.front_office.plan import PlanPages
from clinic_ui.front_office.reminders import ReminderPages
from clinic_ui.front_office.tending import TendingPages
from clinic_ui.front_office.waiting import WaitingPages
from clinic_ui.guest.answering import AnswerPages
from clinic_ui.guest.pages import GuestPages
from clinic_ui.hours.calendars import CalendarPages
from clinic_ui.hours.pages import HoursPages
from clinic_ui.hours.seats import doctor, health_worker
from clinic_ui.mishaps import page_errors
from clinic_ui.paper.press import PRESS, Press
from clinic_ui.render import PAGES, Pages
from clinic_ui.signin.pages import DemoPerson, SignInPages
from server import lines
from server.audit.api import AuditApi
from server.clinic import Clinic, open_clinic, translate
from server.config import Config
from server.database.migrate import refuse_other_schema
from server.database.timing import time_transactions
from server.encounters import api as encounters_api
from server.encounters.guest_api import GuestApi
from server.kernel.clock import Clock, utc_now
from server.kernel.errors import ConfigError
from server.metrics import Metrics
from server.people.founding.service import Founding
from server.readiness.api import ReadinessApi
from server.readiness.faults import Whom
from server.records.api import RecordsApi
from server.records.prescriptions.api import PrescriptionApi
from server.records.seal.keeper import KeyKeeper
from server.records.seal.providers import provider_of
from server.records.service.reports import Reports
from server.robots.api import RobotsApi
from server.scheduler import api as scheduler_api
from server.scheduler.availability.feeds import Feeds
from server.scheduler.availability.service import Availability
from server.scheduler.closings.service import Closings
from server.scheduler.service.cabin_view import CabinView
from server.scheduler.service.office_view import OfficeView
from server.scheduler.service.sweeping import Sweeping
from server.web.keys import IDENTIFY, ORIGINS, SECURE, TRANSLATE
from server.web.middleware import guard, json_errors, naming, parting, unnamed
from server.web.routes import Routes, View, mount
from server.web.wire import reply
from signalling.cloakroom import Cloakroom
from signalling.gateway import Gateway

BODY_BYTES = 256 * 1024  # the longest note is 64 KB; documents will come by a route of their own


CLINIC: web.AppKey[Clinic] = web.AppKey("clinic", Clinic)
GATEWAY: web.AppKey[Gateway] = web.AppKey("gateway", Gateway)
METRICS: web.AppKey[Metrics] = web.AppKey("metrics", Metrics)


async def make_app(config: Config, now: Clock = utc_now, demo_people: Sequence[DemoPerson] = ()) -> web.Application:
    """Return the whole product as one aiohttp application. It closes what it opened when it is cleaned up."""
    async with AsyncExitStack() as opened:
        clinic = await open_clinic(config, opened, now)
        metrics = Metrics(CollectorRegistry(), clinic.tickets.meter)
        time_transactions(clinic.database, metrics.transaction)
        manners = [naming, metrics.timing, page_errors, json_errors, parting, guard]
        app = web.Application(middlewares=manners, client_max_size=BODY_BYTES)
        app[CLINIC], app[METRICS] = clinic, metrics
        app[IDENTIFY] = clinic.accounts.identify
        app[TRANSLATE] = translate
        app[SECURE] = config.secure
        app[ORIGINS] = frozenset({config.origin})
        assets = Assets.of_package()
        app[PAGES] = Pages(assets)
        app[PRESS] = Press()
        app[GATEWAY] = gateway = await _open_gateway(clinic, opened)
        mount(app, _routes(clinic, assets, gateway))
        mount(app, SignInPages(clinic.accounts, demo_people).routes())
        mount(app, RobotsApi(clinic.people, {one.login for one in demo_people}).routes())
        mount(app, GuestPages(clinic.guests).routes())
        mount(app, AnswerPages(clinic.reminders, clinic.waiting).routes())
        mount(app, _cabin(clinic))
        mount(app, _office(clinic))
        desk = _desk(clinic)
        mount(app, [*DeskPages(desk).routes(), *PlacingPages(desk).routes()])
        mount(app, TendingForms(clinic.promises).routes())
        mount(app, SettingsPages(desk, clinic.accounts, clinic.ice.has_relay).routes())
        mount(app, RecordPages(desk, clinic.access).routes())
        mount(app, _coordination(clinic))
        mount(app, PromisePages(clinic.promises, clinic.handing).routes())
        mount(app, _own_hours(clinic, desk))
        tended = (clinic.documents.tidied, clinic.sending.running, clinic.offering.running, clinic.planning.tidied)
        app.cleanup_ctx.extend([_keys(clinic), _font(assets, config), Sweeping(clinic.follow_ups).running, *tended])
        app.on_response_prepare.append(unnamed)
        app.on_shutdown.append(_awaiting(gateway.close))
        app.on_cleanup.append(_awaiting(app[PRESS].close))
        app.on_cleanup.append(_awaiting(clinic.readiness.close))
        app.on_cleanup.append(_awaiting(opened.pop_all().aclose))
    return app


def _desk(clinic: Clinic) -> Desk:
    return Desk(
        clinic.queue,
        clinic.duty,
        clinic.notes,
        clinic.prescriptions,
        Reports(clinic.database, clinic.vault, clinic.people, clinic.now),
        clinic.measures,
        clinic.background,
        clinic.follow_ups,
        clinic.places,
        clinic.documents.documents,
        clinic.now,
        clinic.plans,
    )


def _awaiting(close: Callable[[], Awaitable[None]]) -> Callable[[web.Application], Awaitable[None]]:
    async def ends(_app: web.Application) -> None:
        await close()

    return ends


def _routes(clinic: Clinic, assets: Assets, gateway: Gateway) -> Routes:
    return [
        ("GET", "/healthz", _alive),
        ("GET", "/readyz", _ready(clinic, gateway)),
        ("GET", "/static/{hash}/{path:.+}", assets.serve),
        ("GET", "/signal", gateway.open_socket),
        *lines.routes(clinic.tickets, clinic.ice),
        *ReadinessApi(clinic.readiness, _whom(clinic)).routes(),
        *encounters_api.routes(clinic.intake, clinic.queue, clinic.calls, clinic.duty, clinic.front_office),
        *GuestApi(clinic.guests, clinic.ice).routes(),
        *RecordsApi(clinic.notes, clinic.measures, clinic.background).routes(),
        *PrescriptionApi(clinic.prescriptions).routes(),
        *clinic.documents.routes(),
        *scheduler_api.routes(clinic.follow_ups, clinic.closing),
        *AuditApi(clinic.witnessing).routes(),
    ]


def _cabin(clinic: Clinic) -> Routes:
    booth = cabin_pages.Booth(
        clinic.intake,
        clinic.places,
        clinic.people,
        clinic.notes,
        clinic.prescriptions,
        clinic.follow_ups,
        clinic.help_calls,
        clinic.documents.documents,
        clinic.now,
    )
    todays = cabin_pages.Todays(clinic.places, clinic.outlooks, clinic.hours)
    mornings = cabin_pages.Mornings(clinic.readiness, clinic.hours, clinic.now)
    view = CabinView(clinic.database, clinic.now)
    return cabin_pages.routes(booth, todays, mornings, view, clinic.access_book)


def _office_of(clinic: Clinic) -> office_pages.Office:
    return office_pages.Office(
        clinic.people,
        clinic.places,
        clinic.measures,
        clinic.background,
        clinic.front_office,
        clinic.help_calls,
        clinic.follow_ups,
        OfficeView(clinic.database, clinic.people, clinic.vault, clinic.now),
        clinic.readiness,
        _whom(clinic),
        clinic.now,
    )


def _office(clinic: Clinic) -> Routes:
    office = _office_of(clinic)
    pages = office_pages.routes(
        office, clinic.access_book, clinic.merging, clinic.documents.documents, clinic.prescriptions, clinic.series
    )
    return [
        *pages,
        *CopyPages(office, clinic.copies).routes(),
        *ReminderPages(office, clinic.reminders).routes(),
        *TendingPages(office, clinic.promises, clinic.series).routes(),
        *WaitingPages(office, clinic.waiting).routes(),
        *PlanPages(office, clinic.planning).routes(),
    ]


def _own_hours(clinic: Clinic, desk: Desk) -> Routes:
    availability = Availability(clinic.database, clinic.now, clinic.switchboard)
    feeds = Feeds(clinic.database, availability, clinic.now)
    seats = (doctor(desk), health_worker(_office_of(clinic)))
    pages = [HoursPages(availability, seat, clinic.now) for seat in seats]
    calendars = [route for one in pages for route in CalendarPages(one, feeds, clinic.now).routes()]
    return [*(route for one in pages for route in one.routes()), *calendars]


def _coordination(clinic: Clinic) -> Routes:
    availability = Availability(clinic.database, clinic.now, clinic.switchboard)
    pages = coordination_pages.routes(
        coordination_pages.Coordination(
            clinic.overview,
            clinic.feedback,
            clinic.witnessing,
            clinic.access.glasses,
            clinic.readiness,
            availability,
            Founding(clinic.database, clinic.accounts, clinic.now),
            Feeds(clinic.database, availability, clinic.now),
            Closings(clinic.database, clinic.now, clinic.switchboard),
            clinic.now,
        )
    )
    return [*pages, *PlanningPages(clinic.planning).routes()]


def _whom(clinic: Clinic) -> Whom:
    return Whom(clinic.config.support_phone)


async def _alive(_request: web.Request) -> web.Response:
    """GET /healthz: this process answers."""
    return reply({"alive": True})


def _ready(clinic: Clinic, gateway: Gateway) -> View:
    async def ready(_request: web.Request) -> web.Response:
        """GET /readyz: this server is not about to stop, the database has our schema, and the keys are at hand."""
        if gateway.draining:
            return reply({"ready": False, "draining": True}, 503)
        try:
            await refuse_other_schema(clinic.database)
        except (ConfigError, OSError):
            return reply({"ready": False}, 503)
        if clinic.vault.is_shut:
            return reply({"ready": False, "sealed": True}, 503)
        return reply({"ready": True})

    return ready


async def _open_gateway(clinic: Clinic, opened: AsyncExitStack) -> Gateway:
    switchboard, cloakroom = clinic.switchboard, Cloakroom(clinic.switchboard.bus, clinic.switchboard)
    opened.push_async_callback(switchboard.stop)
    await switchboard.start()
    opened.push_async_callback(cloakroom.stop)
    await cloakroom.start()
    return Gateway(switchboard, clinic.tickets, cloakroom, origins=[clinic.config.origin])


def _keys(clinic: Clinic) -> Callable[[web.Application], AsyncIterator[None]]:
    async def keys(_app: web.Application) -> AsyncIterator[None]:
        """Look after the master keys while we serve."""
        provider = provider_of(str(clinic.config.kek_file))
        async with KeyKeeper(clinic.database, provider, clinic.vault, clinic.now).keeping():
            yield

    return keys


def _font(assets: Assets, config: Config) -> Callable[[web.Application], AsyncIterator[None]]:
    async def font(_app: web.Application) -> AsyncIterator[None]:
        """Cut the typeface beside the first requests: pages do not wait for it."""
        task = asyncio.create_task(prepare_font(assets, config.cache_dir), name="font")
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    return font
