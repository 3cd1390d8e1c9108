"""The voice of a robot: syllables made of a buzzing tone and the resonances of vowels. One hears that somebody speaks.

    words drawn from a seed ─▶ syllables (a short noise, then a vowel whose tone falls) ─▶ a loop of some seconds

The loop is made once; each 20 ms of it is a frame. `openness` says how wide the mouth is meanwhile.
"""

import asyncio
import time
from fractions import Fraction
from random import Random
from typing import Final

import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame
from numpy.typing import NDArray

RATE: Final = 48_000
FRAME: Final = 960  # samples: 20 ms, as Opus takes them
LOUDNESS: Final = 0.25  # of full scale, at the loudest: a voice that is neither shouted nor lost
# Resonances in Hz of six vowels (the first three formants, as any book of phonetics gives them for adults).
VOWELS: Final = (
    (700, 1300, 2600),  # a
    (400, 2100, 2700),  # é
    (280, 2300, 3000),  # i
    (400, 900, 2500),  # o
    (280, 800, 2300),  # ou
    (280, 1900, 2300),  # u
)
Wave = NDArray[np.float32]


class Voice:
    """A loop of speech-like sound. `pitch` in Hz: about 110 for a man, 200 for a woman, 280 for a child."""

    def __init__(self, pitch: float, seed: str, seconds: float = 6.0) -> None:
        rng = Random(seed)
        parts: list[Wave] = []
        while sum(map(len, parts)) < seconds * RATE:
            parts += [_word(rng, pitch), _silence(rng.choice((0.08, 0.12, 0.5)))]
        wave = np.concatenate(parts)
        wave = wave[: len(wave) // FRAME * FRAME]
        rows = (wave / np.abs(wave).max() * LOUDNESS).reshape(-1, FRAME)
        loud = np.sqrt(np.mean(rows**2, axis=1))
        self._frames: list[bytes] = [np.round(row * 32767).astype(np.int16).tobytes() for row in rows]
        self._open: list[float] = (loud / loud.max()).tolist()
        self._said = 0

    def frame(self, number: int) -> bytes:
        """Return the samples of the 20 ms with this number, for ever in a loop."""
        self._said = number % len(self._frames)
        return self._frames[self._said]

    def openness(self) -> float:
        """Return how wide the mouth is in the 20 ms that were said last, 0 to 1."""
        return self._open[self._said]


class VoiceTrack(MediaStreamTrack):
    """The voice as a track, in real time: what could not be sent in time is left out, not sent in a burst."""

    kind = "audio"

    def __init__(self, voice: Voice) -> None:
        super().__init__()
        self._voice = voice
        self._began = time.monotonic()
        self._number = 0

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        late = time.monotonic() - self._began - self._number * FRAME / RATE
        if late < 0:
            await asyncio.sleep(-late)
        elif late > 0.2:
            self._number += int(late * RATE / FRAME)
        frame = AudioFrame(format="s16", layout="mono", samples=FRAME)
        frame.planes[0].update(self._voice.frame(self._number))
        frame.pts, frame.sample_rate, frame.time_base = self._number * FRAME, RATE, Fraction(1, RATE)
        self._number += 1
        return frame


def _word(rng: Random, pitch: float) -> Wave:
    falling = np.linspace(1.12, 0.9, rng.choice((1, 2, 2, 3, 4)))
    return np.concatenate([_syllable(rng, pitch * fall) for fall in falling])


def _syllable(rng: Random, pitch: float) -> Wave:
    """A hiss as a consonant makes it, then a vowel: harmonics of the tone, louder near the vowel's resonances."""
    noise = np.random.default_rng(rng.getrandbits(32))
    hiss = noise.uniform(-0.08, 0.08, int(rng.uniform(0.02, 0.05) * RATE)).astype(np.float32)
    seconds = rng.uniform(0.11, 0.2)
    time_axis = np.arange(int(seconds * RATE)) / RATE
    tone = 2 * np.pi * pitch * (time_axis + 0.02 * np.sin(2 * np.pi * 4 * time_axis) / (2 * np.pi * 4))
    formants = np.array(rng.choice(VOWELS))
    harmonics = np.arange(1, int(3600 / pitch))
    strengths = np.exp(-(((harmonics[:, None] * pitch - formants) / (90, 130, 200)) ** 2)) @ np.array((1.0, 0.5, 0.25))
    vowel = (np.sin(harmonics[:, None] * tone) * (strengths + 0.02)[:, None]).sum(axis=0)
    swell = np.sin(np.pi * np.linspace(0, 1, len(vowel))) ** 0.6
    return np.concatenate([hiss, (vowel * swell).astype(np.float32)])


def _silence(seconds: float) -> Wave:
    return np.zeros(int(seconds * RATE), np.float32)
