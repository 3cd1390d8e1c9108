"""The dated list of drugs: allergies by name and by family, lists that refuse, ask why, or want full letters."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.kernel.errors import ConfigError
from server.records.prescriptions.listed import AlertKind, Rule, alerts, missing, read_rules
from server.records.prescriptions.rules import PrescriptionBody, Situation
from tests.server.records.prescriptions.test_rules import DOCTOR, KNOWN, ODETTE, RAMIPRIL, changed

RULES = read_rules(None)


def with_allergy(*allergies: str) -> Situation:
    return Situation(DOCTOR, ODETTE, allergies, KNOWN.today)


@pytest.mark.parametrize(
    ("drug", "allergy"),
    [
        ("Amoxicilline 1 g", "Pénicilline"),
        ("AUGMENTIN 1 g/125 mg", "allergie aux pénicillines (œdème)"),
        ("Amoxicilline 500 mg", "Clamoxyl"),
        ("Iode 10 %", "iode"),
        ("Ibuprofène 400 mg", "aspirine"),
    ],
)
def test_an_allergy_is_found_by_name_and_by_family_and_wants_a_reason(drug: str, allergy: str) -> None:
    [found] = [one for one in alerts(changed(drug=drug), (allergy,), RULES) if one.kind is AlertKind.ALLERGY]
    assert (found.word, found.met) == (allergy, False)
    assert set(missing(changed(drug=drug), with_allergy(allergy), RULES)) == {"0.reason"}
    assert missing(changed(drug=drug, reason="testée négative en 2024"), with_allergy(allergy), RULES) == {}


def test_another_drug_and_an_allergy_that_nobody_asked_about_say_nothing() -> None:
    body = PrescriptionBody((RAMIPRIL,))
    assert alerts(body, ("pénicilline",), RULES) == []
    assert alerts(changed(drug="Amoxicilline 1 g"), None, RULES) == []


@pytest.mark.parametrize(
    ("drug", "rule", "field"),
    [
        ("Morphine 10 mg", Rule.REFUSE, "0.drug"),
        ("Tramadol 50 mg", Rule.LETTERS, "0.letters"),
        ("Ciclosporine 25 mg", Rule.REASON, "0.reason"),
    ],
)
def test_a_listed_drug_says_its_list_and_what_it_asks(drug: str, rule: Rule, field: str) -> None:
    [found] = alerts(changed(drug=drug), (), RULES)
    assert found.drug_list is not None
    assert (found.drug_list.rule, bool(found.drug_list.source), found.met) == (rule, True, False)
    assert set(missing(changed(drug=drug), KNOWN, RULES)) == {field}
    answered = changed(drug=drug, reason="renouvelée", letters="cinquante milligrammes, une gélule, trente gélules")
    assert bool(missing(answered, KNOWN, RULES)) is (rule is Rule.REFUSE)


def test_only_whole_words_are_found() -> None:
    assert alerts(changed(drug="Amorphinex 10 mg"), ("rami",), RULES) == []


def test_the_shipped_list_is_dated_and_each_list_names_its_source() -> None:
    assert RULES.source
    assert all(one.source and one.fr and one.en and one.words for one in RULES.lists)
    assert len({one.code for one in RULES.lists}) == len(RULES.lists)


def test_a_clinicians_own_file_is_read_and_a_broken_one_stops_the_start(tmp_path: Path) -> None:
    own = tmp_path / "drugs.json"
    own.write_text('{"dated": "2027-01-01", "source": "CPTS", "lists": [], "families": []}')
    assert read_rules(own).source == "CPTS"
    for broken in ("{", '{"dated": "2027-01-01", "source": "x", "lists": [], "families": [], "hidden": 1}'):
        own.write_text(broken)
        with pytest.raises(ConfigError, match="TELECABIN_DRUG_LIST"):
            read_rules(own)
    with pytest.raises(ConfigError, match="TELECABIN_DRUG_LIST"):
        read_rules(tmp_path / "none.json")
