"""What a patient is told about who opened their record: nothing left out, nothing that is not theirs to know."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.audit.rules import Action
from server.encounters.access_rules import Entry, Opening, VisitTaken, Why, by_day, opening_of, why
from server.kernel.access import Role
from server.kernel.ids import AccountId, new_id

PARIS = ZoneInfo("Europe/Paris")
GP, NURSE, CABIN = AccountId(new_id()), AccountId(new_id()), AccountId(new_id())
NAMES = {GP: "Dr Haddad", NURSE: "Louise Perrin", CABIN: "Cabine de la mairie"}
NOON = datetime(2026, 3, 12, 12, tzinfo=UTC)
VISIT = VisitTaken(GP, NOON, NOON + timedelta(minutes=20))


def _entry(at: datetime, action: Action | str, actor: AccountId | None = GP, role: Role | None = Role.GP) -> Entry:
    return Entry(at, actor, role.value if role else None, str(action))


def test_the_course_of_a_visit_opens_nothing_and_an_unknown_act_is_never_left_out() -> None:
    assert opening_of(Action.ENCOUNTER_ARRIVED) is None
    assert opening_of(Action.REASON_SAID) is None
    assert opening_of(Action.CALL_SEATED) is None
    assert opening_of("document:read") is Opening.OTHER_READ
    assert opening_of("record:exported") is Opening.OTHER_READ
    assert opening_of("letter:sent") is Opening.OTHER_WRITTEN
    assert opening_of("shred:done") is Opening.OTHER_WRITTEN
    assert opening_of(Action.PATIENT_IDENTIFIED) is Opening.IDENTITY_CHECKED
    assert opening_of(Action.PATIENT_CODE_RENEWED) is Opening.CODE_RENEWED


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [(-1, Why.WITHOUT_VISIT), (0, Why.DURING_VISIT), (24, Why.DURING_VISIT), (26, Why.AFTER_VISIT)],
)
def test_a_doctor_reads_during_a_visit_after_it_or_without_one(minutes: int, expected: Why) -> None:
    assert why(_entry(NOON + timedelta(minutes=minutes), Action.HISTORY_READ), [VISIT])[0] is expected


def test_a_visit_that_still_lasts_and_one_of_another_doctor() -> None:
    late = _entry(NOON + timedelta(hours=3), Action.HISTORY_READ)
    assert why(late, [VisitTaken(GP, NOON, None)]) == (Why.DURING_VISIT, None)
    assert why(late, [VisitTaken(NURSE, NOON, None)]) == (Why.WITHOUT_VISIT, None)
    assert why(late, [VISIT]) == (Why.AFTER_VISIT, NOON)


def test_the_site_the_cabin_and_the_software_have_their_own_reasons() -> None:
    assert why(_entry(NOON, Action.PATIENT_READ, NURSE, Role.HEALTH_WORKER), [])[0] is Why.AT_THE_SITE
    assert why(_entry(NOON, Action.SUMMARY_READ, CABIN, Role.CABIN), [])[0] is Why.IN_THE_CABIN
    assert why(_entry(NOON, Action.PATIENT_REGISTERED, None, None), [])[0] is Why.BY_ITSELF


def test_days_are_those_of_the_village_and_a_person_stands_once_on_each() -> None:
    entries = [
        _entry(datetime(2026, 3, 13, 23, 30, tzinfo=UTC), Action.PATIENT_READ, NURSE, Role.HEALTH_WORKER),
        _entry(NOON + timedelta(minutes=12), Action.NOTE_SAVED),
        _entry(NOON + timedelta(minutes=11), Action.NOTE_SAVED),
        _entry(NOON + timedelta(minutes=2), Action.HISTORY_READ),
        _entry(NOON, Action.ENCOUNTER_CLAIMED),
        _entry(NOON - timedelta(minutes=5), Action.PATIENT_RECOGNISED, CABIN, Role.CABIN),
    ]
    days = by_day(entries, NAMES, [VISIT], PARIS)
    assert [day.on for day in days] == [date(2026, 3, 14), date(2026, 3, 12)]
    doctor, cabin = days[1].people
    assert (doctor.name, doctor.role, doctor.why) == ("Dr Haddad", Role.GP, Why.DURING_VISIT)
    assert doctor.openings == (Opening.RECEIVED, Opening.CONSULTATIONS_READ, Opening.NOTE_WRITTEN)
    assert (doctor.first_at, doctor.last_at) == (NOON, NOON + timedelta(minutes=12))
    assert (cabin.name, cabin.openings) == ("Cabine de la mairie", (Opening.RECOGNISED,))


def test_a_role_or_a_person_that_is_not_known_any_more_is_still_told() -> None:
    (day,) = by_day([Entry(NOON, AccountId(new_id()), "auditor", "patient:read")], NAMES, [], PARIS)
    assert (day.people[0].name, day.people[0].role, day.people[0].openings) == ("", None, (Opening.SHEET_READ,))


def test_nobody_and_nothing_is_an_empty_book() -> None:
    assert by_day([], NAMES, [], PARIS) == []
