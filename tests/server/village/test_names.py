"""Names fit the decade of birth, and few keep their own at an age when most took a husband's."""

from __future__ import annotations

from random import Random

from server.village import names


def test_a_woman_of_1945_is_never_called_jade() -> None:
    rng = Random(1)
    given = {names.first_names(rng, 1945, female=True)[0] for _ in range(500)}
    assert "Monique" in given
    assert not given & {"Jade", "Chloé", "Léa"}


def test_births_before_and_after_the_tables_take_the_nearest_decade() -> None:
    rng = Random(1)
    assert names.first_names(rng, 1921, female=False)
    assert names.first_names(rng, 2031, female=True)


def test_family_names_are_listed_once_and_the_first_are_the_commonest() -> None:
    rng = Random(2)
    drawn = [names.family_name(rng, 1950) for _ in range(4000)]
    assert len(set(names.FAMILY_NAMES)) == len(names.FAMILY_NAMES)
    assert drawn.count(names.FAMILY_NAMES[0]) > 5 * drawn.count(names.FAMILY_NAMES[-1])


def test_one_child_in_ten_born_since_2005_has_two_family_names() -> None:
    rng = Random(3)
    two = sum(names.family_name(rng, 2014) not in names.FAMILY_NAMES for _ in range(5000)) / 5000
    assert abs(two - names.TWO_NAMES) < 0.015
    assert all(names.family_name(rng, 2004) in names.FAMILY_NAMES for _ in range(500))


def test_nine_women_in_ten_past_65_who_married_go_by_their_husbands_name() -> None:
    rng = Random(4)
    used = [names.used_name(rng, "Quéré", 70, female=True) for _ in range(5000)]
    husbands = sum(bool(name) and "Quéré" not in name for name in used) / 5000
    both = sum(name.startswith("Quéré-") for name in used) / 5000
    assert abs(husbands - 0.90 * 0.90) < 0.02
    assert abs(both - 0.90 * 0.05) < 0.01


def test_men_and_children_go_by_their_birth_name() -> None:
    rng = Random(5)
    assert not any(names.used_name(rng, "Quéré", 70, female=False) for _ in range(300))
    assert not any(names.used_name(rng, "Quéré", 12, female=True) for _ in range(300))
