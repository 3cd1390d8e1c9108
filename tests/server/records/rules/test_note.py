"""The five items of R.6316-4, and what may be saved as a draft."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

import msgspec
import pytest

from server.kernel.ids import EncounterId, PatientId, PractitionerId, new_id
from server.records.rules.note import (
    FollowUpWish,
    Modality,
    NoteBody,
    NoteStatus,
    Part,
    Participant,
    VisitFacts,
    missing_items,
    wrong_words,
)

COMPLETE = NoteBody(
    examination="Gorge rouge.",
    conclusion="Angine virale.",
    acts="Paracétamol 1 g, trois fois par jour.",
    no_incident=True,
    advice="Buvez, reposez-vous.",
)
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
FACTS = VisitFacts(
    EncounterId(new_id()),
    PatientId(new_id()),
    PractitionerId(new_id()),
    fence=1,
    in_progress=True,
    started_at=START,
    ended_at=START + timedelta(minutes=12),
    participants=(
        Participant(Part.PRACTITIONER, "Dr Nedjar", "10000000000"),
        Participant(Part.COMPANION, "Sa fille"),
    ),
)
BREAKS = {
    "conclusion": lambda body, facts: (msgspec.structs.replace(body, conclusion="  "), facts),
    "acts": lambda body, facts: (msgspec.structs.replace(body, acts=""), facts),
    "participants": lambda body, facts: (body, replace(facts, participants=facts.participants[1:])),
    "time": lambda body, facts: (body, replace(facts, ended_at=None)),
    "incidents": lambda body, facts: (msgspec.structs.replace(body, no_incident=False), facts),
}


def test_a_complete_note_lacks_nothing() -> None:
    assert missing_items(COMPLETE, FACTS) == {}


@pytest.mark.parametrize("size", range(1, 6))
def test_exactly_what_lacks_is_named(size: int) -> None:
    for names in combinations(BREAKS, size):
        body, facts = COMPLETE, FACTS
        for name in names:
            body, facts = BREAKS[name](body, facts)
        lacking = missing_items(body, facts)
        assert set(lacking) == set(names)
        assert all(sentence.endswith((".", "?")) for sentence in lacking.values())


def test_an_explicit_none_counts_as_said() -> None:
    none = msgspec.structs.replace(COMPLETE, acts="", none_prescribed=True)
    assert missing_items(none, FACTS) == {}
    incident = msgspec.structs.replace(COMPLETE, incidents="Image coupée 40 s.", no_incident=False)
    assert missing_items(incident, FACTS) == {}


def test_none_and_something_together_are_refused() -> None:
    both = msgspec.structs.replace(COMPLETE, none_prescribed=True, incidents="Coupure.")
    assert set(missing_items(both, FACTS)) == {"acts", "incidents"}


@pytest.mark.parametrize(
    "participants",
    [
        (),
        (Participant(Part.HEALTH_WORKER, "Louise Perrin"),),
        (Participant(Part.PRACTITIONER, "Dr Nedjar"),),
        (Participant(Part.PRACTITIONER, " ", "10000000000"),),
        (FACTS.participants[0], Participant(Part.COMPANION, "")),
    ],
    ids=["nobody", "no doctor", "no RPPS", "doctor without a name", "companion without a name"],
)
def test_every_identity_is_needed(participants: tuple[Participant, ...]) -> None:
    assert set(missing_items(COMPLETE, replace(FACTS, participants=participants))) == {"participants"}


@pytest.mark.parametrize("times", [(None, START), (START, None), (START, START - timedelta(seconds=1))])
def test_a_visit_has_a_start_and_then_an_end(times: tuple[datetime | None, datetime | None]) -> None:
    assert set(missing_items(COMPLETE, replace(FACTS, started_at=times[0], ended_at=times[1]))) == {"time"}


def test_statuses_are_the_fhir_codes() -> None:
    assert [status.value for status in NoteStatus] == ["preliminary", "final", "amended", "entered-in-error"]


def test_a_draft_may_lack_everything_but_not_be_endless() -> None:
    assert wrong_words(NoteBody()) == {}
    assert set(wrong_words(NoteBody(advice="a" * 20_001))) == {"advice"}


@pytest.mark.parametrize(("days", "fits"), [(0, False), (1, True), (730, True), (731, False)])
def test_a_follow_up_lies_within_two_years(days: int, fits: bool) -> None:
    body = NoteBody(follow_up=FollowUpWish(days, Modality.REMOTE))
    assert (wrong_words(body) == {}) == fits
