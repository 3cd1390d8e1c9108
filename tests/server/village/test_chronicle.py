"""A visit of the past has what a visit of today has: consent, measures, a signed note, a smiley."""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, select

from server.encounters.tables import ConsentRow, EncounterRow
from server.evaluation.tables import FeedbackRow
from server.kernel.access import Identity, Role
from server.kernel.ids import AccountId, new_id
from server.people.tables import CareRelation, PractitionerRow
from server.records.rules.background import BackgroundBody
from server.records.service import Background, Measures, Notes
from server.records.tables import NoteRow, ObservationRow
from server.village.cast import cast
from server.village.chronicle import background
from server.village.clinic import open_clinic
from tests.server.village.conftest import NOW, Settled


async def test_every_visit_has_one_consent_and_one_signed_note(settled: Settled) -> None:
    async with settled.database.reading() as tx:
        visits = sorted(await tx.scalars(select(EncounterRow.id)))
        assert sorted(await tx.scalars(select(ConsentRow.encounter_id))) == visits
        assert sorted(await tx.scalars(select(NoteRow.encounter_id).where(NoteRow.signed_at.is_not(None)))) == visits
        assert 0 < (await tx.scalar(select(func.count()).select_from(FeedbackRow)) or 0) <= len(visits)


async def test_measures_were_taken_in_visits_and_between_them(settled: Settled) -> None:
    async with settled.database.reading() as tx:
        inside = await tx.scalar(select(func.count(ObservationRow.encounter_id)))
        everywhere = await tx.scalar(select(func.count()).select_from(ObservationRow))
    assert inside
    assert everywhere
    assert everywhere > inside


async def test_her_registered_gp_reads_odettes_history_with_three_visits_and_a_year_of_measures(
    settled: Settled,
) -> None:
    async with settled.database.reading() as tx:
        aubin = (await tx.scalars(select(PractitionerRow).where(PractitionerRow.name == "Dr Claire Aubin"))).one()
        who = Identity(AccountId(new_id()), Role.GP, "aubin", aubin.name, practitioner_id=aubin.id)
    cabin = Identity(AccountId(new_id()), Role.CABIN, "cabine", "Cabine")
    odette = await settled.people.recognise_code(cabin, "258036")
    async with settled.database.transaction() as tx:
        clinic = open_clinic(settled.database, tx, settled.vault, None, NOW)  # type: ignore[arg-type]
        notes, measures, sheets = clinic.notes, clinic.measures, clinic.background
        assert (isinstance(notes, Notes), isinstance(measures, Measures), isinstance(sheets, Background)) == (True,) * 3
        past = await notes.history(who, odette.id)
        taken = await measures.read(who, odette.id)
        sheet = await sheets.read(who, odette.id)
    assert len(past) == 3
    assert all("Diabète" in one.note.content.body.conclusion for one in past)
    assert (NOW - min(one.taken_at for one in taken)).days > 300
    assert sheet.body.allergies == ("Pénicilline : éruption, 2011",)


async def test_who_has_a_registered_gp_has_one(settled: Settled) -> None:
    async with settled.database.reading() as tx:
        treating = list(await tx.scalars(select(CareRelation.patient_id).where(CareRelation.treating.is_(True))))
    assert treating
    assert len(set(treating)) == len(treating)


def test_the_background_says_what_a_person_has_in_words() -> None:
    odette = cast(1, date(2026, 3, 2))[0]
    assert background(odette) == BackgroundBody(
        allergies=("Pénicilline : éruption, 2011",),
        conditions=("Hypertension artérielle", "Diabète de type 2"),
        medications=("Ramipril 5 mg, 1 le matin", "Metformine 500 mg, 1 matin et soir"),
    )
