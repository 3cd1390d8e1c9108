"""The services with which a past is written: the real ones, over one transaction and a clock that is set.

Gathering, Then ──▶ people, records, encounters, scheduler, evaluation ──▶ Clinic
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.passwords import Passwords
from server.accounts.service import Accounts
from server.database.engine import Database
from server.encounters.facts import EncounterFacts, has_taken
from server.encounters.service import Calls, Endings, FrontOffice, Ground, Intake, Queue
from server.evaluation.service import Feedback
from server.kernel.sealing import Vault
from server.people.service import People
from server.records.prescriptions.listed import read_rules
from server.records.prescriptions.service import Prescriptions
from server.records.service import Background, Measures, Notes
from server.scheduler.service.agenda import Agenda
from server.scheduler.service.closing import Closing
from server.scheduler.service.follow_ups import FollowUps
from server.village.gathering import Gathering, Nobody, Then


@dataclass(frozen=True, slots=True)
class Clinic:
    """Everything that people did in the past, on one clock."""

    tx: AsyncSession
    then: Then
    accounts: Accounts
    people: People
    background: Background
    measures: Measures
    notes: Notes
    ground: Ground
    intake: Intake
    front_office: FrontOffice
    queue: Queue
    calls: Calls
    closing: Closing
    follow_ups: FollowUps
    agenda: Agenda


def open_clinic(database: Database, tx: AsyncSession, vault: Vault, passwords: Passwords, at: datetime) -> Clinic:
    """Build the services over the open transaction `tx` of `database`."""
    then, nobody, joined = Then(at), Nobody(), Gathering(database, tx)
    people = People(joined, vault, then, has_taken)
    ground = Ground(joined, people, vault, then, nobody)
    facts = EncounterFacts(ground)
    notes = Notes(joined, vault, facts, people, then)
    background = Background(joined, vault, people, then)
    prescriptions = Prescriptions(joined, vault, facts, people, background, read_rules(None), then)
    follow_ups = FollowUps(joined, people, vault, then, nobody)
    return Clinic(
        tx=tx,
        then=then,
        accounts=Accounts(joined, passwords, then),
        people=people,
        background=background,
        measures=Measures(joined, vault, facts, people, then),
        notes=notes,
        ground=ground,
        intake=Intake(ground, Feedback(joined, then)),
        front_office=FrontOffice(ground),
        queue=Queue(ground, nobody, nobody),
        calls=Calls(ground, nobody, nobody),
        closing=Closing(joined, facts, notes, prescriptions, Endings(ground), follow_ups),
        follow_ups=follow_ups,
        agenda=Agenda(then),
    )
