"""A robot person: one name, one voice, one face, and the tracks that carry them."""

from aiortc import MediaStreamTrack

from signalling.peer_face import Face, FaceTrack
from signalling.peer_voice import Voice, VoiceTrack

PITCHES = (105.0, 125.0, 190.0, 215.0)  # Hz: lower and higher voices


class RobotPerson:
    """The same name always gives the same face and voice."""

    def __init__(self, name: str, *, doctor: bool = False) -> None:
        self.name = name
        self.voice = Voice(PITCHES[sum(name.encode()) % len(PITCHES)], f"voice/{name}")
        self.face = Face(name, self.voice, f"face/{name}", doctor=doctor)

    def tracks(self) -> list[MediaStreamTrack]:
        """Return fresh tracks for one link: voice and face."""
        return [VoiceTrack(self.voice), FaceTrack(self.face)]
