"""Every scene could be signed as it is, and speaks of what its person has."""

from __future__ import annotations

from datetime import UTC, date, datetime
from random import Random

from server.kernel.ids import EncounterId, PatientId, PractitionerId, new_id
from server.records.rules.note import Part, Participant, VisitFacts, missing_items, wrong_words
from server.village import vitals
from server.village.cast import cast
from server.village.population import people
from server.village.scenes import HIGH, scene

TODAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FACTS = VisitFacts(
    encounter_id=EncounterId(new_id()),
    patient_id=PatientId(new_id()),
    practitioner_id=PractitionerId(new_id()),
    fence=1,
    in_progress=True,
    started_at=NOON,
    ended_at=NOON,
    participants=(Participant(Part.PRACTITIONER, "Dr Claire Aubin", "10999900011"),),
)


def test_every_note_can_be_signed() -> None:
    rng = Random(1)
    for person in cast(1, TODAY) + people(1, 300, TODAY):
        measured = vitals.course(rng, person.body, [0.0])[0]
        for feverish in (False, True):
            note = scene(rng, person, measured, feverish).note
            assert wrong_words(note) == {}
            assert missing_items(note, FACTS) == {}


def test_a_high_pressure_is_seen_again_within_a_month() -> None:
    odette = cast(1, TODAY)[0]
    only_pressure = next(one for one in people(1, 300, TODAY) if [c.value for c in one.conditions] == ["hypertension"])
    measured = vitals.Vitals(HIGH[0] + 20, 92, 80, 97, 36.8, 70.0, 165, None)
    note = scene(Random(1), only_pressure, measured, False).note
    assert "160/92" in note.examination
    assert note.follow_up is not None
    assert note.follow_up.in_days == 30
    assert "iabète" in scene(Random(1), odette, measured, False).note.conclusion


def test_numbers_are_written_with_a_comma() -> None:
    person = cast(1, TODAY)[0]
    measured = vitals.course(Random(1), person.body, [0.0])[0]
    assert (
        "37,9" in scene(Random(1), person, vitals.Vitals(120, 70, 80, 97, 37.9, 60.5, 160, None), True).note.examination
    )
    assert "." not in scene(Random(1), person, measured, False).note.examination.split(" kg")[0]
