"""What a patient is told about who opened their record: nothing left out, nothing that is not theirs to know."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.audit.rules import Action
from server.encounters.access_rules import Entry, Opening, VisitTaken, Why, by_day, glass_of, opening_of, why
from server.kernel.access import Role
from server.kernel.ids import AccountId, new_id
from server.people.access.glass_rules import Broken, GlassReason

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
    assert opening_of(Action.DOCUMENT_READ) is opening_of(Action.DOCUMENTS_READ) is Opening.DOCUMENTS_READ
    assert opening_of(Action.DOCUMENT_ADDED) is Opening.DOCUMENT_SENT
    assert opening_of("x-ray:read") is Opening.OTHER_READ
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


def test_what_was_read_through_a_broken_glass_is_told_with_its_reason_and_a_visit_explains_itself() -> None:
    hour = Broken(GP, NOON, NOON + timedelta(hours=1), GlassReason.LIFE_AT_RISK, "Malaise dans la rue.", None)
    minutes = [(0, Action.GLASS_BROKEN), (1, Action.HISTORY_READ), (30, Action.HISTORY_READ), (61, Action.HISTORY_READ)]
    entries = [_entry(NOON + timedelta(minutes=after), action) for after, action in reversed(minutes)]
    visit = VisitTaken(GP, NOON + timedelta(minutes=20), NOON + timedelta(minutes=40))
    (day,) = by_day(entries, NAMES, [visit], PARIS, [hour])
    told = {one.why: one for one in day.people}
    assert set(told) == {Why.IN_EMERGENCY, Why.DURING_VISIT, Why.AFTER_VISIT}
    assert told[Why.IN_EMERGENCY].glass == hour
    assert told[Why.IN_EMERGENCY].openings == (Opening.CONSULTATIONS_READ, Opening.GLASS_BROKEN)
    assert (told[Why.AFTER_VISIT].glass, told[Why.DURING_VISIT].glass) == (None, None)


def test_who_reviews_is_told_as_the_coordination_and_another_doctors_hour_explains_nothing() -> None:
    review = _entry(NOON, Action.GLASS_REVIEWED, NURSE, Role.COORDINATOR)
    assert why(review, []) == (Why.AT_COORDINATION, None)
    hour = Broken(NURSE, NOON, NOON + timedelta(hours=1), GlassReason.OTHER, "Autre chose encore.", None)
    assert glass_of(_entry(NOON, Action.HISTORY_READ), [hour]) is None
