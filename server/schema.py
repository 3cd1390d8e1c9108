"""All tables of the house in one place: for migrations, and for tests that make a fresh database."""

from server.accounts import tables as accounts
from server.audit import tables as audit
from server.database.rows import Row
from server.people import tables as people

METADATA = Row.metadata
SUBJECTS = (accounts, audit, people)
