"""Forms become structs, and every wrong answer is told at once, in plain words."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

import aiohttp
import msgspec
import pytest
from msgspec import Meta

from clinic_ui.forms import MISSING, shape_answers
from server.kernel.errors import Invalid


class How(StrEnum):
    """How one comes."""

    ALONE = "alone"
    WITH = "with-someone"


class Birth(msgspec.Struct, frozen=True):
    """A form with every kind of answer."""

    name: Annotated[str, Meta(min_length=2, description="Écrivez votre nom.")]
    born_on: date
    how: How
    phone: str | None = None
    flags: frozenset[str] = frozenset()
    agree: bool = False


RIGHT = {"name": [" Odette "], "born_on": ["1945-03-03"], "how": ["alone"]}


def test_a_right_form_becomes_its_struct() -> None:
    birth = shape_answers({**RIGHT, "flags": ["a", "b"], "agree": ["true"], "phone": ["  "], "csrf": ["x"]}, Birth)
    assert birth == Birth("Odette", date(1945, 3, 3), How.ALONE, None, frozenset({"a", "b"}), True)


@pytest.mark.parametrize("written", ["3/3/1945", "03.03.1945", " 3 3 1945", "03-03-1945"])
def test_a_date_may_be_written_as_people_write_it(written: str) -> None:
    assert shape_answers({**RIGHT, "born_on": [written]}, Birth).born_on == date(1945, 3, 3)


def test_all_wrong_answers_are_told_at_once() -> None:
    with pytest.raises(Invalid) as wrong:
        shape_answers({"name": ["O"], "born_on": ["31/02/1945"], "how": ["by-air"]}, Birth)
    assert wrong.value.fields == {
        "name": "Écrivez votre nom.",
        "born_on": "Écrivez une date : jour, mois, année.",
        "how": "Choisissez une des réponses.",
    }


def test_a_missing_answer_is_asked_for() -> None:
    with pytest.raises(Invalid) as wrong:
        shape_answers({"name": ["Odette"], "born_on": [" "]}, Birth)
    assert wrong.value.fields == {"born_on": MISSING, "how": MISSING}


async def test_a_posted_form_is_read_or_refused(visitor: aiohttp.ClientSession) -> None:
    async with visitor.post("/form", data={"code": "7"}) as answer:
        assert await answer.json() == {"code": 7}
    async with visitor.post("/form", data={"code": "sept"}) as answer:
        told = await answer.json()
    assert answer.status == 422
    assert told == {"fields": {"code": "Écrivez un nombre, avec des chiffres seulement."}, "given": {"code": "sept"}}
