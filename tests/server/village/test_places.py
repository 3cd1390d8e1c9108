"""No number of the village can ring or belong to somebody, and somebody is there every day."""

from __future__ import annotations

import re
from itertools import pairwise
from random import Random

from server.accounts.rules import check_login
from server.village import places

FICTION = re.compile(r"(01 99 00|02 61 91|03 53 01|04 65 71|05 36 49|06 39 98) \d\d \d\d")
"""The ranges that Arcep keeps for works of fiction."""


def luhn(number: str) -> bool:
    """Whether the last digit is the Luhn key of the others."""
    digits = [int(c) for c in reversed(number)]
    return sum(sum(divmod(d * 2, 10)) if place % 2 else d for place, d in enumerate(digits)) % 10 == 0


def test_every_telephone_number_is_kept_for_fiction() -> None:
    phones = [places.SAMU, *(one.phone for one in (*places.VILLAGES, *places.BOOTHS, *places.DOCTORS, *places.WORKERS))]
    phones += [places.phone(Random(n), mobile=n % 2 == 0) for n in range(200)]
    assert [number for number in phones if not FICTION.fullmatch(number)] == []


def test_doctors_have_valid_numbers_of_the_range_that_nobody_has() -> None:
    numbers = [doctor.rpps for doctor in places.DOCTORS]
    assert all(re.fullmatch(r"109999\d{5}", number) and luhn(number) for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_every_login_is_possible_and_given_once() -> None:
    logins = [one.login for one in (*places.BOOTHS, *places.DOCTORS, *places.WORKERS)]
    assert [check_login(login) for login in logins] == logins
    assert len(set(logins)) == len(logins)


def test_cabins_and_workers_stand_in_villages_that_exist() -> None:
    assert {one.village for one in (*places.BOOTHS, *places.WORKERS)} == set(places.BY_KEY)


def test_a_doctor_can_be_seen_by_the_cabin_on_every_day_of_the_week() -> None:
    days = {hours.weekday for doctor in places.DOCTORS for hours in doctor.hours if hours.modality == places.VR}
    assert days == set(range(7))


def test_somebody_helps_in_saint_fiacre_on_every_day_of_the_week() -> None:
    days = {hours.weekday for one in places.WORKERS if one.village == "saint-fiacre" for hours in one.hours}
    assert days == set(range(7))


def test_hours_of_one_person_do_not_overlap_and_are_whole_units() -> None:
    for one in (*places.BOOTHS, *places.DOCTORS, *places.WORKERS):
        spans = sorted((hours.weekday, hours.start_min, hours.end_min) for hours in one.hours)
        assert all(a[0] != b[0] or a[2] <= b[1] for a, b in pairwise(spans)), one.login
        assert all(start % 5 == end % 5 == 0 and start < end for _, start, end in spans)


def test_a_site_keeps_its_postcode_and_commune_out_of_its_street() -> None:
    for village in places.VILLAGES:
        assert village.postcode not in village.address
        assert village.commune not in village.address


def test_an_address_names_its_village() -> None:
    for village in places.VILLAGES:
        assert places.address(Random(1), village).endswith(f", 22999 {village.commune}")
