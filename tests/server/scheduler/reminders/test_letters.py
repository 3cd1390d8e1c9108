"""A reminder says when, where and whom to call, in both languages, and nothing that one could be ill of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from clinic_ui import i18n
from clinic_ui.dates import when
from server.kernel.ids import new_id
from server.scheduler.reminders.letters import Keys, Meeting, Writer, hash_of, keys_of
from server.scheduler.reminders.rules import Channel, segments
from tests.server.scheduler.clinic import Clinic

MEETING = Meeting(
    datetime(2026, 3, 10, 8, 30, tzinfo=UTC), "Europe/Paris", "Mairie de Saint-Fiacre-des-Prés", "02 99 00 00 01"
)
KEYS = Keys("Xr2n4bJc8VQm0aPzT5wLsg", "48210937")


def _speak(locale: str, sentence: str, places: Mapping[str, object]) -> str:
    return i18n.translate(locale, sentence, **places)


WRITER = Writer(_speak, when, "https://cabine.exemple.fr")


def test_an_sms_says_when_where_and_how_to_say_no_in_two_parts_at_most() -> None:
    _, text = WRITER.write(Channel.SMS, "fr", MEETING, KEYS)
    assert text == (
        "Rendez-vous mardi 10 mars à 9 h 30, Mairie de Saint-Fiacre-des-Prés. Pas libre ? "
        "https://cabine.exemple.fr/rdv/Xr2n4bJc8VQm0aPzT5wLsg ou 02 99 00 00 01"
    )
    assert segments(text) <= 2


@pytest.mark.parametrize("locale", ["fr", "en"])
@pytest.mark.parametrize("channel", [Channel.SMS, Channel.EMAIL, Channel.VOICE])
def test_no_reminder_names_a_person_a_doctor_or_a_reason(channel: Channel, locale: str) -> None:
    subject, text = WRITER.write(channel, locale, MEETING, KEYS)
    said = f"{subject} {text}".lower()
    assert "9 h 30" in said.replace("\u00a0", " ") if locale == "fr" else "9:30" in said
    assert "02 99 00 00 01" in said
    for forbidden in ("docteur", "dr ", "médecin", "doctor", "consultation", "tension", "suivi", "santé", "%("):
        assert forbidden not in said


def test_a_reminder_of_a_stop_says_that_the_bus_stops_there() -> None:
    _, text = WRITER.write(Channel.SMS, "fr", replace(MEETING, at_stop=True), KEYS)
    assert "arret du médicobus, Mairie de Saint-Fiacre-des-Prés." in text


def test_a_call_says_the_code_digit_by_digit_twice() -> None:
    _, text = WRITER.write(Channel.VOICE, "fr", MEETING, KEYS)
    assert text.count("4, 8, 2, 1, 0, 9, 3, 7") == 2


async def test_the_keys_of_a_reminder_are_the_same_each_time_and_of_another_are_others(clinic: Clinic) -> None:
    one, other = new_id(), new_id()
    assert keys_of(clinic.vault, one) == keys_of(clinic.vault, one) != keys_of(clinic.vault, other)
    keys = keys_of(clinic.vault, one)
    assert (len(keys.code), keys.code.isdigit(), keys.token_hash) == (8, True, hash_of(keys.token))
