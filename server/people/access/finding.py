"""Who is meant by a name and a birth date, or by the code of a paper: for a doctor, exactly or not at all."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import Invalid, NotFound
from server.kernel.ids import PatientId
from server.kernel.sealing import Vault
from server.kernel.words import N_
from server.people import store
from server.people.rules import Patient, plain
from server.people.service import People
from server.web.limits import Bucket


@dataclass(frozen=True, slots=True)
class Sought:
    """What a doctor knows of somebody: the six digits of their paper, or the family name and the birth date."""

    code: str = ""
    name: str = ""
    given_name: str = ""
    born_on: date | None = None


class Finder:
    """Finds people by exactly what is known of them. Ten tries a minute: it is no way to look who is registered."""

    def __init__(self, database: Database, vault: Vault, people: People, now: Clock) -> None:
        self._database = database
        self._vault = vault
        self._people = people
        self._now = now
        self._tries = Bucket(now, per_minute=10, burst=10)

    async def find(self, who: Identity, sought: Sought) -> PatientId:
        """Return whose record is open to the caller; NotFound says the same of a closed record and of nobody's."""
        require(who, Act.RECORD_FIND)
        async with self._database.transaction() as tx:
            meant = [one for one in await self.meant(tx, who, sought) if await self._is_open(tx, who, one)]
            await record(tx, who, Action.PATIENT_SEARCHED, at=self._now(), reason=f"{len(meant)} open")
        if len(meant) != 1:
            raise NotFound(N_("Aucun dossier ne vous est ouvert à ce nom. Vérifiez le nom et la date de naissance."))
        return meant[0].id

    async def meant(self, tx: AsyncSession, who: Identity, sought: Sought) -> list[Patient]:
        """Return who may be meant, in the caller's transaction; the caller authorises, and writes it down."""
        self._tries.take(str(who.account_id))
        ids = await self._ids(tx, sought)
        people = [await self._people.opened(tx, await store.patient(tx, one)) for one in ids]
        given = plain(sought.given_name)
        unique = {one.id: one for one in people}.values()
        return [one for one in unique if not given or given in map(plain, one.traits.given_names)]

    async def _ids(self, tx: AsyncSession, sought: Sought) -> list[PatientId]:
        digits = "".join(one for one in sought.code if one.isascii() and one.isdigit())
        if digits:
            row = await store.by_code(tx, self._vault.blind("patient", "code", digits))
            return [row.id] if row else []
        if not plain(sought.name) or sought.born_on is None:
            asked = N_("Donnez le code du papier, ou le nom avec la date de naissance.")
            raise Invalid(N_("Dites de qui est le dossier."), fields={"name": asked})
        blind = self._vault.blind("patient", "name", f"{plain(sought.name)}|{sought.born_on.isoformat()}")
        return [row.id for row in await store.by_names(tx, [blind])]

    async def _is_open(self, tx: AsyncSession, who: Identity, patient: Patient) -> bool:
        try:
            await self._people.allowed(tx, who, patient.id, Act.PATIENT_READ)
        except NotFound:
            return False
        return True
