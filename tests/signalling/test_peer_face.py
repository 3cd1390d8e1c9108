"""A robot's face: alive, dated, and marked as a robot's on every picture."""

from __future__ import annotations

import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError

from signalling.peer_face import BLINKS_EVERY, HEIGHT, STRIP, WIDTH, Face, FaceTrack
from signalling.peer_voice import Voice

VOICE = Voice(200.0, "Odette", seconds=1.0)
BAND = slice(0, 24)


def test_its_mouth_moves_with_its_voice_and_it_blinks() -> None:
    face = Face("Odette Lavergne", VOICE, "seed")
    seen = set()
    for number in range(50):
        VOICE.frame(number)
        seen.add(face.picture(1.0, "").tobytes())
    blinking = face.picture(BLINKS_EVERY, "")
    assert len(seen) == 4
    assert blinking.tobytes() not in seen
    assert blinking.shape == (HEIGHT, WIDTH, 3)


def test_the_clock_changes_at_its_foot_and_the_mark_stays_above_everybody() -> None:
    VOICE.frame(0)
    face, doctor = Face("Odette Lavergne", VOICE, "seed"), Face("Dr Aubin", VOICE, "seed", doctor=True)
    before, after = face.picture(1.0, "09:41:07"), face.picture(1.0, "09:41:08")
    assert (before[: HEIGHT - STRIP] == after[: HEIGHT - STRIP]).all()
    assert (before[HEIGHT - STRIP :] != after[HEIGHT - STRIP :]).any()
    assert (before[BAND] == doctor.picture(1.0, "")[BAND]).all()
    assert len(np.unique(before[BAND].reshape(-1, 3), axis=0)) > 2, "words on the band"


async def test_its_track_comes_in_time_and_ends_when_it_is_stopped() -> None:
    track = FaceTrack(Face("Odette Lavergne", VOICE, "seed"))
    first, second = await track.recv(), await track.recv()
    assert (second.pts or 0) > (first.pts or 0)
    track.stop()
    with pytest.raises(MediaStreamError):
        await track.recv()
