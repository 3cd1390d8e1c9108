"""Measures: taken by the health worker, kept in UCUM units, read by who cares for the patient."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, Invalid, NotFound
from server.kernel.ids import AccountId, EncounterId, ObservationId, PatientId, new_id
from server.kernel.sealing import Vault
from server.kernel.words import N_
from server.people.rules import age
from server.people.service import People
from server.people.store import same_ids
from server.records import store
from server.records.rules.measures import (
    MEASURES,
    Level,
    MeasureName,
    ObservationBody,
    Reading,
    as_shown,
    classify,
    in_ucum,
    wrong_readings,
)
from server.records.rules.note import NoteStatus
from server.records.service.sealing import Scribe, Sealed, body_of
from server.records.service.visits import Visits

READ_MOST = 200
ADULT_FROM = 16  # years; NEWS2, from which the usual ranges come, holds from 16 on
DEVICE_MAX = 120
CLOCK_SLACK = timedelta(minutes=5)  # a cabin's clock may run ahead by as much


@dataclass(frozen=True, slots=True)
class Observation:
    """One measure. `value` in the UCUM `unit`; `shown` in `shown_unit`, as people here read it."""

    id: ObservationId
    patient_id: PatientId
    encounter_id: EncounterId | None
    taken_at: datetime
    taken_by: AccountId
    measure: MeasureName
    value: float
    unit: str
    shown: float
    shown_unit: str
    level: Level
    device: str
    confirmed: bool

    @property
    def words(self) -> str:
        """What the number stands for, as a French sentence; empty where it is a number."""
        choices = MEASURES[self.measure].choices
        return choices[int(self.value)] if choices else ""


class Measures:
    """Observations of patients."""

    def __init__(self, database: Database, vault: Vault, visits: Visits, people: People, now: Clock) -> None:
        self._database = database
        self._visits = visits
        self._people = people
        self._now = now
        self._scribe = Scribe(vault, now)

    async def take(
        self,
        who: Identity,
        patient_id: PatientId,
        readings: tuple[Reading, ...],
        *,
        encounter_id: EncounterId | None = None,
        device: str = "",
        taken_at: datetime | None = None,
    ) -> list[Observation]:
        """Keep the measures of one taking, and nudge the pages that show the patient's visit.

        Raises Invalid naming each measure that is impossible, or that is implausible and not confirmed.
        """
        require(who, Act.MEASURES_TAKE)
        at = self._when(taken_at)
        wrong = wrong_readings(readings)
        if len(device) > DEVICE_MAX:
            wrong["device"] = N_("Le nom de l’appareil est trop long : 120 lettres au plus.")
        if wrong:
            raise Invalid(N_("Les mesures ne sont pas enregistrées : relisez-les."), fields=wrong)
        bodies = [_body(reading, device) for reading in readings]
        async with self._database.transaction() as tx:
            patient = await self._people.allowed(tx, who, patient_id, Act.MEASURES_TAKE)
            if encounter_id is not None:
                await self._refuse_another_visit(tx, encounter_id, patient_id)
            rows = await self._keep(tx, who, (patient_id, encounter_id, at), bodies)
            pages = await self._visits.pages_of(tx, patient_id)
        await self._visits.nudge(pages)
        return [_shown(row, body, patient.traits.born_on) for row, body in zip(rows, bodies, strict=True)]

    async def read(
        self, who: Identity, patient_id: PatientId, encounter_id: EncounterId | None = None
    ) -> list[Observation]:
        """Return the measures of a patient that stand, of one visit or of all, newest first."""
        require(who, Act.MEASURES_READ)
        async with self._database.transaction() as tx:
            patient = await self._people.allowed(tx, who, patient_id, Act.MEASURES_READ)
            rows = await store.observations_of(tx, patient_id, READ_MOST, encounter_id)
            found = await opened_observations(tx, self._scribe, rows, patient.traits.born_on)
            await self._scribe.noted(tx, who, Action.MEASURES_READ, patient_id)
        return found

    async def strike(self, who: Identity, observation_id: ObservationId) -> None:
        """Mark a measure as entered in error; it stays in the record and is no longer shown."""
        require(who, Act.MEASURES_TAKE)
        async with self._database.transaction() as tx:
            stored = await store.observation(tx, observation_id)
            await self._people.allowed(tx, who, stored.patient_id, Act.MEASURES_TAKE)
            if not await store.strike_observation(tx, observation_id):
                raise Conflict(N_("Cette mesure est déjà annulée."), code="already-struck")
            row = f"observation:{observation_id}"
            await self._scribe.noted(tx, who, Action.MEASURE_STRUCK, stored.patient_id, row)
            pages = await self._visits.pages_of(tx, stored.patient_id)
        await self._visits.nudge(pages)

    def _when(self, taken_at: datetime | None) -> datetime:
        now = self._now()
        if taken_at is None:
            return now
        if taken_at.tzinfo is None or taken_at > now + CLOCK_SLACK:
            raise Invalid(
                N_("Les mesures ne sont pas enregistrées : relisez-les."),
                fields={"taken_at": N_("Cette heure est dans le futur.")},
            )
        return taken_at

    async def _refuse_another_visit(self, tx: AsyncSession, encounter_id: EncounterId, patient_id: PatientId) -> None:
        if (await self._visits.facts(tx, encounter_id)).patient_id not in await same_ids(tx, patient_id):
            raise NotFound(N_("Cette consultation n’existe pas, ou elle n’est pas à vous."))

    async def _keep(
        self,
        tx: AsyncSession,
        who: Identity,
        about: tuple[PatientId, EncounterId | None, datetime],
        bodies: list[ObservationBody],
    ) -> list[store.StoredObservation]:
        patient_id, encounter_id, at = about
        rows = []
        for body in bodies:
            sealed = await self._scribe.seal(tx, body_of("observation", ObservationId(new_id()), patient_id, 1), body)
            rows.append(_row(sealed, who, encounter_id, at))
            await self._scribe.wrote(tx, who, Action.MEASURE_TAKEN, sealed)
        await store.add_observations(tx, rows)
        return rows


def _row(sealed: Sealed, who: Identity, encounter_id: EncounterId | None, at: datetime) -> store.StoredObservation:
    return store.StoredObservation(
        id=ObservationId(sealed.place.record_id),
        patient_id=sealed.place.patient_id,
        encounter_id=encounter_id,
        status=NoteStatus.FINAL,
        taken_at=at,
        taken_by=who.account_id,
        row_ver=sealed.place.row_ver,
        key_ver=sealed.key_ver,
        sealed_body=sealed.body,
    )


def _body(reading: Reading, device: str) -> ObservationBody:
    unit = MEASURES[reading.measure].unit
    return ObservationBody(reading.measure, in_ucum(reading), unit, device.strip(), reading.confirmed)


async def opened_observations(
    tx: AsyncSession, scribe: Scribe, rows: Iterable[store.StoredObservation], born_on: date
) -> list[Observation]:
    """Return the opened measures of one patient. The caller has authorised and audits."""
    found = []
    for row in rows:
        place = body_of("observation", row.id, row.patient_id, row.row_ver)
        found.append(_shown(row, await scribe.open(tx, place, row.sealed_body, ObservationBody), born_on))
    return found


def _shown(row: store.StoredObservation, body: ObservationBody, born_on: date) -> Observation:
    adult = age(born_on, row.taken_at.date()) >= ADULT_FROM
    return Observation(
        id=row.id,
        patient_id=row.patient_id,
        encounter_id=row.encounter_id,
        taken_at=row.taken_at,
        taken_by=row.taken_by,
        measure=body.measure,
        value=body.value,
        unit=body.unit,
        shown=as_shown(body.measure, body.value),
        shown_unit=MEASURES[body.measure].shown_unit,
        level=classify(body.measure, body.value, adult=adult),
        device=body.device,
        confirmed=body.confirmed,
    )
