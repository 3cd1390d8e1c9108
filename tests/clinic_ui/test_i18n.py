"""French is the source; English comes from the catalogue; what is missing stays French."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from clinic_ui import dates
from clinic_ui.i18n import catalogue, direction, preferred, translate

NB = "\N{NO-BREAK SPACE}"
TUESDAY = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)  # 9:30 in the village


def test_a_sentence_is_said_in_english_and_a_missing_one_stays_french() -> None:
    assert translate("en", "Demander de l’aide") == "Ask for help"
    assert translate("fr", "Demander de l’aide") == "Demander de l’aide"
    assert translate("en", "Phrase que personne n’a traduite.") == "Phrase que personne n’a traduite."


def test_places_are_filled_after_translation() -> None:
    assert translate("en", "Référence : %(code)s", code="A1") == "Reference: A1"


def test_a_sentence_without_places_may_hold_a_percent_sign() -> None:
    assert translate("fr", "à 100 %") == "à 100 %"


@pytest.mark.parametrize(
    ("locale", "number", "said"), [("fr", 0, "one"), ("fr", 1, "one"), ("fr", 2, "many"), ("en", 0, "many")]
)
def test_plural_follows_the_language(locale: str, number: int, said: str) -> None:
    one, many = "%(num)d réponse est à revoir.", "%(num)d réponses sont à revoir."
    forms = {"fr": (one, many), "en": ("%(num)d answer needs another look.", "%(num)d answers need another look.")}
    assert catalogue(locale).ngettext(one, many, number) == forms[locale][said == "many"]


@pytest.mark.parametrize(
    ("header", "language"),
    [("", "fr"), ("en-GB,en;q=0.9,fr;q=0.8", "en"), ("de, fr;q=0.5, en;q=0.7", "en"), ("en;q=0, de", "fr"),
     ("en;q=oops", "fr"), ("fr-FR,en;q=0.1", "fr")],
)  # fmt: skip
def test_the_browser_s_wish_is_heard(header: str, language: str) -> None:
    assert preferred(header) == language


def test_arabic_would_run_from_the_other_side() -> None:
    assert (direction("fr"), direction("ar")) == ("ltr", "rtl")


def test_an_appointment_is_said_in_words() -> None:
    assert dates.when(TUESDAY, "fr") == f"mardi 24 novembre à 9{NB}h{NB}30"
    assert dates.when(TUESDAY, "en") == "Tuesday 24 November at 9:30"
    assert dates.hour(TUESDAY + timedelta(minutes=30), "fr") == f"10{NB}h"
    once, again = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))  # clocks in Paris fall back at 3
    assert dates.hour(once, "fr") == f"2{NB}h{NB}30 (la 1re fois)"
    assert dates.hour(again, "en") == "2:30 (second time)"
    assert dates.long_day(date(2026, 5, 1), "fr") == "vendredi 1er mai 2026"
    assert dates.short_day(TUESDAY, "en") == "24/11/2026"


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        dates.hour(datetime(2026, 1, 1), "fr")


def test_lengths_and_ages_are_said_shortly() -> None:
    assert dates.minutes(timedelta(minutes=125), "fr") == f"2{NB}h{NB}05"
    assert dates.since(TUESDAY, "fr", TUESDAY + timedelta(minutes=18)) == f"18{NB}min"
    assert dates.age(date(1945, 3, 3), "fr", date(2026, 3, 2)) == f"80{NB}ans"
    assert dates.age(date(2025, 10, 24), "en", date(2026, 11, 24)) == f"13{NB}months"


def test_numbers_take_the_comma_of_their_language() -> None:
    assert (dates.number(37.1, "fr"), dates.number(37.1, "en"), dates.number(84.0, "fr")) == ("37,1", "37.1", "84")
