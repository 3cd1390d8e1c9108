"""A robot's voice: loud enough and never clipped, with words and pauses, where speech has its sound."""

from __future__ import annotations

import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError

from signalling.peer_voice import FRAME, LOUDNESS, RATE, Voice, VoiceTrack

VOICE = Voice(200.0, "Odette")


def test_it_is_never_clipped_has_pauses_and_sounds_where_speech_sounds() -> None:
    wave = np.frombuffer(b"".join(VOICE.frame(number) for number in range(250)), np.int16) / 32767
    assert np.abs(wave).max() == pytest.approx(LOUDNESS, abs=0.01)
    loud = np.sqrt(np.mean(wave.reshape(-1, FRAME) ** 2, axis=1))
    assert 0.05 < np.mean(loud < 0.002) < 0.6, "some pauses, and words between them"
    power = np.abs(np.fft.rfft(wave)) ** 2
    hertz = np.fft.rfftfreq(len(wave), 1 / RATE)
    assert power[(hertz > 90) & (hertz < 3600)].sum() > 0.9 * power.sum()


def test_its_mouth_is_open_when_it_is_loud_and_shut_in_a_pause() -> None:
    openness = []
    for number in range(200):
        VOICE.frame(number)
        openness.append(VOICE.openness())
    assert (min(openness), max(openness) > 0.9) == (0.0, True)


async def test_its_track_comes_in_time_and_ends_when_it_is_stopped() -> None:
    track = VoiceTrack(VOICE)
    assert [(await track.recv()).pts for _ in range(3)] == [0, FRAME, 2 * FRAME]
    track.stop()
    with pytest.raises(MediaStreamError):
        await track.recv()
