"""A cabin's readiness in words, for every page that shows it: the colour's word, what is wrong, and what mends it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from clinic_ui import i18n
from server.kernel.words import N_
from server.readiness.faults import FAULT_WORDS, READY, UNCHECKED
from server.readiness.rules import Colour, Item, Standing

Named = tuple[str, Mapping[str, str]]
"""Whom a sentence names: French words and their places."""

COLOUR_WORDS: Mapping[Colour, tuple[str, str, str]] = {
    Colour.GREEN: (N_("Prête"), "ok", "check"),
    Colour.AMBER: (N_("À revoir"), "warn", "warn"),
    Colour.RED: (N_("En panne"), "danger", "x"),
}
NOT_CHECKED = (N_("Non vérifiée"), "warn", "question")
ITEM_WORDS: Mapping[Item, tuple[str, str]] = {
    Item.CAMERA: (N_("Caméra"), "camera"),
    Item.LIGHT: (N_("Lumière"), "light-bulb"),
    Item.MICROPHONE: (N_("Micro"), "mic"),
    Item.LOUDSPEAKER: (N_("Haut-parleur"), "volume"),
    Item.LINE: (N_("Liaison"), "wifi"),
    Item.RELAY: (N_("Relais des appels"), "globe"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page says of one cabin, in the reader's language. `kind` and `drawing` are of its tag."""

    word: str
    kind: str
    drawing: str
    name: str
    mend: str
    at: datetime | None
    closes: bool


def shown(state: Standing, locale: str, whom: Named) -> Shown:
    """Put a standing into words for a reader who would call `whom`."""
    word, kind, drawing = COLOUR_WORDS[state.colour] if state.checked else NOT_CHECKED
    words = UNCHECKED if not state.checked else FAULT_WORDS[state.fault] if state.fault else None
    said, places = whom
    called = i18n.translate(locale, said, **places)
    return Shown(
        word=i18n.translate(locale, word),
        kind=kind,
        drawing=drawing,
        name=i18n.translate(locale, words.name if words else READY),
        mend=i18n.translate(locale, words.mend, whom=called) if words else "",
        at=state.at,
        closes=state.closes,
    )
