"""The house without its doors: opens the database, the keys and the bus, and builds every service by hand.

Config ─▶ database ─▶ schema and keys fit? ─▶ resources ─▶ services
"""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, fields
from typing import Any

from clinic_ui import dates, i18n
from server import lines
from server.accounts.passwords import Passwords
from server.accounts.service import Accounts
from server.audit.sequencer import Sequencer, signer_of
from server.audit.service import Witnessing
from server.config import Config
from server.database.engine import Database
from server.database.migrate import refuse_other_schema
from server.echoes import Echoes
from server.encounters.facts import EncounterFacts, has_taken
from server.encounters.service import Calls, Duty, Endings, FrontOffice, Ground, Guests, HelpCalls, Intake, Queue
from server.encounters.service.accesses import AccessBook
from server.encounters.service.outlook import Outlooks
from server.evaluation.overview import Overview
from server.evaluation.service import Feedback
from server.interop.service import Copies
from server.kernel.clock import Clock, utc_now
from server.kernel.errors import ConfigError
from server.people.access.access import Access, access_of
from server.people.merging import Merging
from server.people.places import Places
from server.people.service import People
from server.readiness.service import Readiness
from server.records.documents.ground import Ground as DocumentGround
from server.records.documents.shelf import Shelf
from server.records.prescriptions.listed import read_rules
from server.records.prescriptions.service import Prescriptions
from server.records.seal.start import unlock
from server.records.seal.vault import PatientVault
from server.records.service import Background, Measures, Notes
from server.scheduler.live.service import LiveIndex
from server.scheduler.planning.service import Planning
from server.scheduler.promises.handing import Handing
from server.scheduler.promises.plans import Plans, read_plans
from server.scheduler.promises.service import Promises
from server.scheduler.reminders.carriers import carriers_of
from server.scheduler.reminders.letters import Writer
from server.scheduler.reminders.offers import Telling
from server.scheduler.reminders.sending import Sending
from server.scheduler.reminders.service import Reminders
from server.scheduler.series.service import Series
from server.scheduler.service.agenda import Agenda
from server.scheduler.service.closing import Closing
from server.scheduler.service.follow_ups import FollowUps
from server.scheduler.service.hours import Hours
from server.scheduler.waiting.offering import Offering
from server.scheduler.waiting.service import WaitingList
from signalling.bus import Bus, LocalBus
from signalling.ice import IceServers
from signalling.redis_address import BadAddress
from signalling.switchboard import Switchboard
from signalling.tickets import TicketOffice


@dataclass(frozen=True, slots=True)
class Resources:
    """What the services stand on."""

    config: Config
    now: Clock
    database: Database
    vault: PatientVault
    witnessing: Witnessing
    switchboard: Switchboard
    tickets: TicketOffice
    ice: IceServers
    accounts: Accounts
    people: People
    access: Access
    places: Places


@dataclass(frozen=True, slots=True)
class Clinic(Resources):
    """What is open while we serve: the resources, then the services that people use."""

    merging: Merging
    notes: Notes
    prescriptions: Prescriptions
    measures: Measures
    documents: Shelf
    background: Background
    intake: Intake
    outlooks: Outlooks
    queue: Queue
    calls: Calls
    guests: Guests
    duty: Duty
    front_office: FrontOffice
    help_calls: HelpCalls
    access_book: AccessBook
    feedback: Feedback
    overview: Overview
    agenda: Agenda
    hours: Hours
    follow_ups: FollowUps
    closing: Closing
    readiness: Readiness
    plans: Plans
    promises: Promises
    handing: Handing
    reminders: Reminders
    sending: Sending
    planning: Planning
    series: Series
    waiting: WaitingList
    offering: Offering
    copies: Copies


async def open_clinic(config: Config, opened: AsyncExitStack, now: Clock = utc_now) -> Clinic:
    """Open the resources and build the services; `opened` closes them. Raises ConfigError rather than guess."""
    database = Database(config.database_url)
    opened.push_async_callback(database.close)
    await refuse_other_schema(database)
    vault = await unlock(database, config.kek_file, now)
    sequencer = Sequencer(database, signer_of(vault), now)
    opened.push_async_callback(sequencer.stop)
    await sequencer.start()
    passwords = Passwords()
    opened.callback(passwords.close)
    bus = await _open_bus(config, opened)
    clinic = _build(_resources(config, now, database, vault, Accounts(database, passwords, now), bus))
    await clinic.follow_ups.listen()
    return clinic


def _resources(
    config: Config, now: Clock, database: Database, vault: PatientVault, accounts: Accounts, bus: Bus
) -> Resources:
    people, switchboard = People(database, vault, now, has_taken), Switchboard(bus)
    return Resources(
        config=config,
        now=now,
        database=database,
        vault=vault,
        witnessing=Witnessing(database, signer_of(vault).verifier, now),
        switchboard=switchboard,
        tickets=TicketOffice(bus, now),
        ice=_ice(config, now),
        accounts=accounts,
        people=people,
        access=access_of(database, vault, people, accounts.prove, switchboard, now),
        places=Places(database),
    )


def _tending(on: Resources) -> dict[str, Any]:
    """Build what looks after promises and reminders."""
    plans, carriers = read_plans(on.config.follow_up_plans), carriers_of(on.config, on.now)
    writer = Writer(translate, dates.when, on.config.origin)
    return {
        "plans": plans,
        "promises": Promises(on.database, on.now, on.switchboard, plans.rule),
        "handing": Handing(on.database, on.now),
        "reminders": Reminders(on.database, on.people, on.vault, on.now, on.switchboard, carriers),
        "sending": Sending(on.database, on.vault, on.now, writer, carriers),
    }


def _lists(on: Resources, follow_ups: FollowUps, promises: Promises) -> dict[str, Any]:
    """Build series and the waiting list."""
    telling = Telling(on.vault)
    return {
        "series": Series(on.database, on.people, on.vault, on.now, follow_ups, promises),
        "waiting": WaitingList(on.database, on.people, on.vault, on.now, on.switchboard, follow_ups),
        "offering": Offering(on.database, follow_ups, telling, on.now, on.switchboard),
    }


def _build(on: Resources) -> Clinic:
    """Build the services, each from what stands below it."""
    database, people, vault, now, switchboard = on.database, on.people, on.vault, on.now, on.switchboard
    ground = Ground(database, people, vault, now, switchboard)
    seats, feedback = lines.SeatTickets(on.tickets), Feedback(database, now)
    visits, live = EncounterFacts(ground), LiveIndex(database, now, switchboard.bus)
    follow_ups = FollowUps(database, people, vault, now, switchboard, live)
    notes, background = Notes(database, vault, visits, people, now), Background(database, vault, people, now)
    drugs = read_rules(on.config.drug_list)
    prescriptions = Prescriptions(database, vault, visits, people, background, drugs, now)
    tending = _tending(on)
    return Clinic(
        **{each.name: getattr(on, each.name) for each in fields(Resources)},
        **tending,
        merging=Merging(database, people, visits.is_open, now),
        notes=notes,
        prescriptions=prescriptions,
        measures=Measures(database, vault, visits, people, now),
        documents=Shelf.on(DocumentGround(database, vault, visits, people, now), on.config.scan_command),
        background=background,
        intake=Intake(ground, feedback),
        outlooks=Outlooks(ground),
        queue=Queue(ground, seats, switchboard),
        calls=Calls(ground, seats, switchboard),
        guests=Guests(ground, seats, switchboard),
        duty=Duty(ground),
        front_office=FrontOffice(ground),
        help_calls=HelpCalls(ground),
        access_book=AccessBook(ground),
        feedback=feedback,
        overview=Overview(database, now),
        agenda=Agenda(now),
        hours=Hours(database, now),
        follow_ups=follow_ups,
        closing=Closing(database, visits, notes, prescriptions, Endings(ground), follow_ups),
        copies=Copies(database, vault, people, now),
        planning=Planning(database, people, vault, follow_ups, now, switchboard),
        **_lists(on, follow_ups, tending["promises"]),
        readiness=Readiness(database, now, switchboard, visits, Echoes(), on.ice),
    )


def translate(locale: str, message: str, params: Mapping[str, object]) -> str:
    """Return a sentence of the pages in a locale, for who writes to people outside of a page."""
    return i18n.translate(locale, message, **params)


async def _open_bus(config: Config, opened: AsyncExitStack) -> Bus:
    if not config.redis_url:
        return LocalBus()
    try:
        from signalling.redis_bus import RedisBus  # a single server needs no Redis, and not its client either

        bus = RedisBus(config.redis_url)
    except BadAddress as error:
        raise ConfigError(f"TELECABIN_REDIS_URL: {error}") from None
    opened.push_async_callback(bus.close)
    await bus.start()
    return bus


def _ice(config: Config, now: Clock) -> IceServers:
    secret = ""
    if config.turn_secret_file is not None:
        try:
            secret = config.turn_secret_file.read_text().strip()
        except OSError as error:
            raise ConfigError(f"TELECABIN_TURN_SECRET_FILE: {error.strerror}") from None
    return IceServers(now, config.stun_urls, config.turn_urls, secret)
