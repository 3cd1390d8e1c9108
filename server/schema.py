"""All tables of the house in one place: for migrations, and for tests that make a fresh database."""

from server.accounts import tables as accounts
from server.audit import tables as audit
from server.database.rows import Row
from server.encounters import tables as encounters
from server.evaluation import tables as evaluation
from server.people import tables as people
from server.people.access import tables as access
from server.people.founding import tables as founding
from server.readiness import tables as readiness
from server.records import tables as records
from server.records.documents import tables as documents
from server.records.prescriptions import tables as prescriptions
from server.records.seal import tables as seal
from server.scheduler import tables as scheduler
from server.scheduler.availability import tables as availability
from server.scheduler.closings import tables as closings
from server.scheduler.planning import tables as planning
from server.scheduler.promises import tables as promises
from server.scheduler.reminders import tables as reminders
from server.scheduler.waiting import tables as waiting

METADATA = Row.metadata
SUBJECTS = (
    access,
    accounts,
    audit,
    availability,
    closings,
    documents,
    encounters,
    evaluation,
    founding,
    people,
    planning,
    prescriptions,
    promises,
    readiness,
    records,
    reminders,
    scheduler,
    seal,
    waiting,
)
