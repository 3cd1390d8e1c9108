"""What says which records are open to a doctor, built together."""

from dataclasses import dataclass

from server.database.engine import Database
from server.kernel.clock import Clock
from server.kernel.sealing import Vault
from server.people.access.finding import Finder
from server.people.access.glass import Glasses, Nudger, Prove
from server.people.access.referrals import Referrals
from server.people.service import People


@dataclass(frozen=True, slots=True)
class Access:
    """Finding a record that is open, referring it until a day, and opening a closed one in an emergency."""

    people: People
    finder: Finder
    referrals: Referrals
    glasses: Glasses


def access_of(database: Database, vault: Vault, people: People, prove: Prove, nudger: Nudger, now: Clock) -> Access:
    """Return the services over one database."""
    glasses = Glasses(database, vault, people, prove, nudger, now)
    return Access(people, Finder(database, vault, people, now), Referrals(database, people, now), glasses)
