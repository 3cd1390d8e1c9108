"""A robot person: the same name has the same face and voice, and another has not."""

from __future__ import annotations

from signalling.peer_person import RobotPerson


def _looks(person: RobotPerson) -> tuple[bytes, bytes]:
    return person.voice.frame(20), person.face.picture(1.0, "").tobytes()


def test_the_same_name_has_the_same_face_and_voice_and_another_has_not() -> None:
    odette, again, marcel = RobotPerson("Odette"), RobotPerson("Odette"), RobotPerson("Marcel")
    assert _looks(odette) == _looks(again)
    assert _looks(odette)[0] != _looks(marcel)[0]
    assert [track.kind for track in odette.tracks()] == ["audio", "video"]
