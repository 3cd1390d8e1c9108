"""The call's log in words, and the facts that a review is made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from clinic_ui.desk.report import incident_lines, wish_kind
from server.encounters.rules import IncidentKind
from server.encounters.views import Incident
from server.records.rules.note import FollowUpWish, Modality

AT = datetime(2026, 3, 2, 9, 42, tzinfo=UTC)


def test_lines_give_the_villages_hour() -> None:
    said = [Incident(AT, IncidentKind.CUT, 12), Incident(AT, IncidentKind.NO_CAMERA, 0)]
    assert incident_lines(said, "fr", str) == ["10:42 coupure, 12 s", "10:42 pas d’image de la cabine"]


def test_lines_stand_in_the_order_of_their_hours() -> None:
    said = [Incident(AT + timedelta(minutes=1), IncidentKind.CUT, 2), Incident(AT, IncidentKind.AUDIO_ONLY, 76)]
    assert incident_lines(said, "fr", str) == ["10:42 voix seule, sans image, 76 s", "10:43 coupure, 2 s"]


def test_each_wish_is_one_of_the_four_answers() -> None:
    remote = FollowUpWish(7, Modality.REMOTE)
    assert wish_kind(None) == "none"
    assert wish_kind(remote) == "cabin"
    assert wish_kind(FollowUpWish(7, Modality.REMOTE, with_health_worker=True)) == "nurse"
    assert wish_kind(FollowUpWish(7, Modality.IN_PERSON, with_health_worker=True)) == "surgery"
