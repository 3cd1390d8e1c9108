"""A doctor refers a patient to another one until a day, and may take that back; it opens the record for reading."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import Invalid, NotFound
from server.kernel.ids import PatientId, PractitionerId, ReferralId, new_id
from server.kernel.words import N_
from server.people import store as people_store
from server.people.access import store
from server.people.access.tables import ReferralRow
from server.people.rules import display_name
from server.people.service import People

LONGEST = timedelta(days=366)
UNKNOWN = N_("Cet adressage n’existe pas, ou il n’est plus valable.")


@dataclass(frozen=True, slots=True)
class Referred:
    """A referral that holds. `given`: by the caller, not to them. `name` is empty when the record is closed."""

    id: ReferralId
    patient_id: PatientId
    name: str
    given: bool
    by: str
    to: str
    since: datetime
    until: datetime

    @property
    def last_day(self) -> datetime:
        """The last minute of the last day: `until` is the midnight after it."""
        return self.until - timedelta(minutes=1)


class Referrals:
    """Referrals between doctors."""

    def __init__(self, database: Database, people: People, now: Clock) -> None:
        self._database = database
        self._people = people
        self._now = now

    async def refer(self, who: Identity, patient_id: PatientId, to: PractitionerId, until_on: date) -> None:
        """Let another doctor read the record until the end of a day at the patient's place.

        Only who cares for the patient may; who was referred to may not refer on. A new day for the same doctor takes
        the place of the old one. Raises Invalid for days that are past or more than a year away, and for oneself.
        """
        require(who, Act.CARE_REFER)
        async with self._database.transaction() as tx:
            patient = await self._people.allowed(tx, who, patient_id, Act.CARE_REFER)
            now, zone = self._now(), ZoneInfo((await people_store.site(tx, patient.site_id)).zone)
            self._check(who, to, until_on, now.astimezone(zone).date())
            doctor = await people_store.practitioner(tx, to)
            await self._end_former(tx, who, patient.id, to)
            until = datetime.combine(until_on + timedelta(days=1), time(), zone)
            row = ReferralRow(
                id=ReferralId(new_id()),
                patient_id=patient.id,
                practitioner_id=doctor.id,
                referred_by=_doctor(who),
                since=now,
                until=until,
                revoked_at=None,
            )
            tx.add(row)
            about, why = f"referral:{row.id}", f"until {until_on.isoformat()}"
            await record(tx, who, Action.CARE_REFERRED, at=now, patient_id=patient.id, record=about, reason=why)

    async def revoke(self, who: Identity, referral_id: ReferralId) -> None:
        """Take a referral back: the other doctor's next request is refused. NotFound for others' and old ones."""
        require(who, Act.CARE_REFER)
        async with self._database.transaction() as tx:
            patient_id = await store.revoke(tx, referral_id, _doctor(who), self._now())
            if patient_id is None:
                raise NotFound(UNKNOWN)
            await self._note_revoked(tx, who, patient_id, referral_id)

    async def mine(self, who: Identity, patient_id: PatientId | None = None) -> list[Referred]:
        """Return the referrals by the caller and to them that hold, of one patient or of all, the newest first."""
        require(who, Act.RECORD_FIND)
        async with self._database.transaction() as tx:
            rows = await store.referrals_of(tx, _doctor(who), self._now(), patient_id)
            doctors = {one.id: one.name for one in await people_store.practitioners(tx)}
            found = [await self._referred(tx, who, row, doctors) for row in rows]
            await record(tx, who, Action.PATIENT_SEARCHED, at=self._now(), reason=f"{len(found)} referred")
        return found

    async def may(self, who: Identity, patient_id: PatientId) -> bool:
        """Return whether the caller may refer this patient. It opens nothing, and is not written down."""
        require(who, Act.CARE_REFER)
        async with self._database.reading() as tx:
            try:
                await self._people.allowed(tx, who, patient_id, Act.CARE_REFER)
            except NotFound:
                return False
        return True

    async def _referred(
        self, tx: AsyncSession, who: Identity, row: ReferralRow, doctors: dict[PractitionerId, str]
    ) -> Referred:
        name = ""
        with suppress(NotFound):
            name = display_name((await self._people.allowed(tx, who, row.patient_id, Act.PATIENT_READ)).traits)
        by, to = doctors[row.referred_by], doctors[row.practitioner_id]
        given = row.referred_by == who.practitioner_id
        return Referred(row.id, row.patient_id, name, given, by, to, row.since, row.until)

    async def _end_former(self, tx: AsyncSession, who: Identity, patient_id: PatientId, to: PractitionerId) -> None:
        for row in await store.referrals_of(tx, _doctor(who), self._now(), patient_id):
            if row.referred_by == who.practitioner_id and row.practitioner_id == to:
                await store.revoke(tx, row.id, _doctor(who), self._now())
                await self._note_revoked(tx, who, row.patient_id, row.id)

    async def _note_revoked(
        self, tx: AsyncSession, who: Identity, patient_id: PatientId, referral_id: ReferralId
    ) -> None:
        about = f"referral:{referral_id}"
        await record(tx, who, Action.REFERRAL_REVOKED, at=self._now(), patient_id=patient_id, record=about)

    @staticmethod
    def _check(who: Identity, to: PractitionerId, until_on: date, today: date) -> None:
        wrong = {}
        if to == who.practitioner_id:
            wrong["to"] = N_("Choisissez un autre médecin que vous.")
        if not today <= until_on <= today + LONGEST:
            wrong["until_on"] = N_("Choisissez un jour entre aujourd’hui et dans un an.")
        if wrong:
            raise Invalid(N_("Le dossier n’est pas adressé : corrigez ce qui est indiqué."), fields=wrong)


def _doctor(who: Identity) -> PractitionerId:
    if who.practitioner_id is None:
        raise NotFound(UNKNOWN)
    return who.practitioner_id
