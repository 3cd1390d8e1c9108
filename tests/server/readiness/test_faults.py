"""Every fault can be found, has a short name, and a sentence that names whom to call."""

from __future__ import annotations

from server.readiness.faults import FAULT_WORDS, UNCHECKED, Fault, Whom
from server.readiness.rules import RULES


def test_every_fault_can_be_found_and_has_its_words_that_name_whom_to_call() -> None:
    assert {rule.fault for rule in RULES} == set(Fault) == set(FAULT_WORDS)
    assert all("%(whom)s" in words.mend for words in (*FAULT_WORDS.values(), UNCHECKED))
    assert all(len(words.name.split()) <= 12 for words in FAULT_WORDS.values())


def test_whom_to_call_is_a_number_where_there_is_one() -> None:
    assert Whom("02 99 00 00 10").support[1] == {"phone": "02 99 00 00 10"}
    assert Whom().support == ("la coordination", {})
    assert Whom.reception("02 99 00 00 01")[1] == {"phone": "02 99 00 00 01"}
    assert Whom.reception("")[1] == {}
