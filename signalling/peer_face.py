"""The face of a robot: drawn, with a mouth that follows its voice, its name, the time, and that it is a robot.

    a still of each mouth (drawn once) + the strip of the clock (once a second) ─▶ a frame ─▶ twelve a second

Nothing of it is anybody's picture.
"""

import asyncio
import time
from datetime import datetime
from fractions import Fraction
from functools import cache
from random import Random
from typing import Final

import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from signalling.peer_voice import Voice

WIDTH, HEIGHT = 320, 240
RATE: Final = 12  # frames a second: enough for a mouth, and a third of the work of thirty
CLOCK: Final = 90_000  # Hz
MOUTHS: Final = 4  # from closed to wide
BLINKS_EVERY: Final = 3.7  # s
STRIP: Final = 26  # rows at the foot, where the clock is
ROBOT: Final = "ROBOT · personne fictive"
_PAPER, _INK, _BAND = (214, 228, 232), (20, 30, 40), (150, 40, 20)
_SKINS = ((245, 214, 186), (224, 178, 140), (172, 120, 84), (112, 74, 50))
_HAIRS = ((230, 230, 230), (150, 150, 155), (90, 60, 40), (40, 30, 28), (190, 140, 80))
_COATS = ((70, 110, 150), (120, 90, 130), (90, 130, 90), (160, 110, 70))
_WHITE = (245, 248, 250)
Picture = NDArray[np.uint8]


class Face:
    """A drawn person. `doctor` wears white."""

    def __init__(self, name: str, voice: Voice, seed: str, *, doctor: bool = False) -> None:
        rng = Random(seed)
        self._voice = voice
        self._name = name
        self._skin, self._hair = rng.choice(_SKINS), rng.choice(_HAIRS)
        self._coat = _WHITE if doctor else rng.choice(_COATS)
        self._stills: dict[tuple[int, bool], Picture] = {}
        self._strip: tuple[str, Picture] | None = None

    def picture(self, at: float, clock: str) -> Picture:
        """Return rows of RGB: the face as it is `at` so many seconds, with the clock's words at its foot."""
        mouth = min(MOUTHS - 1, int(self._voice.openness() * MOUTHS))
        still = self._still(mouth, at % BLINKS_EVERY < 0.15)
        if self._strip is None or self._strip[0] != clock:
            self._strip = (clock, _strip(clock))
        drawn = still.copy()
        drawn[HEIGHT - STRIP :] = self._strip[1]
        return drawn

    def _still(self, mouth: int, blinks: bool) -> Picture:
        if (mouth, blinks) not in self._stills:
            self._stills[mouth, blinks] = np.asarray(self._draw(mouth, blinks))
        return self._stills[mouth, blinks]

    def _draw(self, mouth: int, blinks: bool) -> Image.Image:
        image = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
        pen = ImageDraw.Draw(image)
        pen.rounded_rectangle((70, 176, 250, 260), 40, fill=self._coat, outline=_INK, width=2)
        pen.ellipse((98, 34, 222, 170), fill=self._hair)
        pen.ellipse((108, 50, 212, 188), fill=self._skin, outline=_INK, width=2)
        pen.pieslice((104, 36, 216, 130), 180, 360, fill=self._hair)
        for x in (136, 184):
            if blinks:
                pen.line((x - 9, 112, x + 9, 112), fill=_INK, width=3)
            else:
                pen.ellipse((x - 9, 103, x + 9, 121), fill=_WHITE, outline=_INK, width=2)
                pen.ellipse((x - 4, 108, x + 4, 116), fill=_INK)
        pen.arc((150, 118, 170, 142), 20, 160, fill=_INK, width=2)
        height = 2 + 6 * mouth
        pen.ellipse((160 - 20 + mouth, 156 - height / 2, 160 + 20 - mouth, 156 + height / 2), fill=(130, 40, 50))
        pen.rectangle((0, 0, WIDTH, 24), fill=_BAND)
        pen.text((WIDTH / 2, 12), ROBOT, font=_font(15), fill=_WHITE, anchor="mm")
        pen.text(
            (8, HEIGHT - STRIP - 8),
            self._name,
            font=_font(14),
            fill=_INK,
            anchor="ls",
            stroke_width=2,
            stroke_fill=_PAPER,
        )
        return image


class FaceTrack(MediaStreamTrack):
    """The face as a track, in real time."""

    kind = "video"

    def __init__(self, face: Face) -> None:
        super().__init__()
        self._face = face
        self._began = time.monotonic()
        self._number = 0

    async def recv(self) -> VideoFrame:
        if self.readyState != "live":
            raise MediaStreamError
        self._number = max(self._number + 1, int((time.monotonic() - self._began) * RATE))
        await asyncio.sleep(max(0.0, self._began + self._number / RATE - time.monotonic()))
        clock = datetime.now().strftime("%d/%m/%Y  %H:%M:%S")
        frame = VideoFrame.from_ndarray(self._face.picture(self._number / RATE, clock), format="rgb24")
        frame.pts, frame.time_base = self._number * CLOCK // RATE, Fraction(1, CLOCK)
        return frame


def _strip(words: str) -> Picture:
    image = Image.new("RGB", (WIDTH, STRIP), _INK)
    ImageDraw.Draw(image).text((WIDTH / 2, STRIP / 2), words, font=_font(15), fill=_WHITE, anchor="mm")
    return np.asarray(image)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
