"""Every fault that a check can find, its name, and the one sentence that mends it: what to do, and whom to call.

`%(whom)s` is whoever helps the reader: the support for who stands in the cabin, the site's reception for who sits far.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from server.kernel.words import N_


class Fault(StrEnum):
    """What is wrong, as it is kept and counted."""

    CAMERA_REFUSED = "camera-refused"
    CAMERA_ABSENT = "camera-absent"
    CAMERA_BUSY = "camera-busy"
    MICROPHONE_REFUSED = "microphone-refused"
    MICROPHONE_ABSENT = "microphone-absent"
    MICROPHONE_BUSY = "microphone-busy"
    MICROPHONE_SILENT = "microphone-silent"
    SOUND_UNHEARD = "sound-unheard"
    LINE_DOWN = "line-down"
    RELAY_DOWN = "relay-down"
    LINE_SLOW = "line-slow"
    LINE_LOSSY = "line-lossy"
    LINE_LATE = "line-late"
    RELAY_NOT_UDP = "relay-not-udp"
    LINE_UNSTEADY = "line-unsteady"
    PICTURE_LATE = "picture-late"
    BLACK = "black"
    DARK = "dark"
    GLARE = "glare"
    TONE_LOST = "tone-lost"
    NOISE = "noise"
    RELAY_FALLBACK = "relay-fallback"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Words:
    """A fault in a few words, and the sentence that mends it."""

    name: str
    mend: str


FAULT_WORDS: Final[dict[Fault, Words]] = {
    Fault.CAMERA_REFUSED: Words(
        N_("La caméra est bloquée."),
        N_("Autorisez la caméra dans le navigateur ; sinon, appelez %(whom)s."),
    ),
    Fault.CAMERA_ABSENT: Words(
        N_("La caméra n’est pas trouvée."),
        N_("Rebranchez la caméra ; sinon, appelez %(whom)s."),
    ),
    Fault.CAMERA_BUSY: Words(
        N_("Un autre programme tient la caméra."),
        N_("Redémarrez l’écran de la cabine ; sinon, appelez %(whom)s."),
    ),
    Fault.MICROPHONE_REFUSED: Words(
        N_("Le micro est bloqué."),
        N_("Autorisez le micro dans le navigateur ; sinon, appelez %(whom)s."),
    ),
    Fault.MICROPHONE_ABSENT: Words(
        N_("Le micro n’est pas trouvé."),
        N_("Rebranchez le micro ; sinon, appelez %(whom)s."),
    ),
    Fault.MICROPHONE_BUSY: Words(
        N_("Un autre programme tient le micro."),
        N_("Redémarrez l’écran de la cabine ; sinon, appelez %(whom)s."),
    ),
    Fault.MICROPHONE_SILENT: Words(
        N_("Le micro n’entend rien du tout."),
        N_("Rallumez le micro et rebranchez-le ; sinon, appelez %(whom)s."),
    ),
    Fault.SOUND_UNHEARD: Words(
        N_("On n’entend pas le haut-parleur."),
        N_("Montez le son et rebranchez le haut-parleur ; sinon, appelez %(whom)s."),
    ),
    Fault.LINE_DOWN: Words(
        N_("L’image et la voix ne passent pas."),
        N_("Redémarrez la box et attendez cinq minutes ; sinon, appelez %(whom)s."),
    ),
    Fault.RELAY_DOWN: Words(
        N_("Le relais des appels ne répond pas."),
        N_("Redémarrez la box ; si rien ne change, appelez %(whom)s."),
    ),
    Fault.LINE_SLOW: Words(
        N_("La liaison est lente."),
        N_("Coupez les autres usages du réseau, redémarrez la box ; sinon, appelez %(whom)s."),
    ),
    Fault.LINE_LOSSY: Words(
        N_("La liaison perd des mots."),
        N_("Branchez l’écran par câble, redémarrez la box ; sinon, appelez %(whom)s."),
    ),
    Fault.LINE_LATE: Words(
        N_("La voix arrive en retard."),
        N_("Branchez l’écran par câble, redémarrez la box ; sinon, appelez %(whom)s."),
    ),
    Fault.RELAY_NOT_UDP: Words(
        N_("Le réseau bloque la voie rapide des appels."),
        N_("Faites ouvrir le port UDP du relais dans la box ; pour cela, appelez %(whom)s."),
    ),
    Fault.LINE_UNSTEADY: Words(
        N_("La liaison est irrégulière."),
        N_("Branchez l’écran par câble plutôt qu’en Wi-Fi ; sinon, appelez %(whom)s."),
    ),
    Fault.PICTURE_LATE: Words(
        N_("L’image est longue à venir."),
        N_("Redémarrez l’écran de la cabine ; sinon, appelez %(whom)s."),
    ),
    Fault.BLACK: Words(
        N_("L’image est noire."),
        N_("Allumez la lumière et découvrez la caméra ; sinon, appelez %(whom)s."),
    ),
    Fault.DARK: Words(
        N_("Il fait trop sombre."),
        N_("Allumez la lumière de la cabine ; si elle ne marche pas, appelez %(whom)s."),
    ),
    Fault.GLARE: Words(
        N_("L’image est éblouie."),
        N_("Tirez le rideau ou tournez la lampe ; sinon, appelez %(whom)s."),
    ),
    Fault.TONE_LOST: Words(
        N_("Le micro n’entend pas le haut-parleur."),
        N_("Montez le son, puis recommencez et écoutez ; sinon, appelez %(whom)s."),
    ),
    Fault.NOISE: Words(
        N_("Il y a du bruit dans la cabine."),
        N_("Fermez la porte, coupez ce qui souffle ; si le bruit reste, appelez %(whom)s."),
    ),
    Fault.RELAY_FALLBACK: Words(
        N_("Le relais de secours ne répond pas."),
        N_("La cabine marche ; faites vérifier le relais de secours : appelez %(whom)s."),
    ),
    Fault.INCOMPLETE: Words(
        N_("Le contrôle n’est pas complet."),
        N_("Recommencez le contrôle ; s’il s’arrête encore, appelez %(whom)s."),
    ),
}

UNCHECKED: Final = Words(
    N_("La cabine n’est pas vérifiée."),
    N_("Allumez l’écran de la cabine et lancez le contrôle ; sinon, appelez %(whom)s."),
)
READY: Final = N_("La cabine est prête.")


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom a sentence names, as (French words, their places). `phone`: of the support, where there is one."""

    phone: str = ""

    @property
    def support(self) -> tuple[str, dict[str, str]]:
        """For who stands in the cabin."""
        if self.phone:
            return N_("le dépannage au %(phone)s"), {"phone": self.phone}
        return N_("la coordination"), {}

    @staticmethod
    def reception(phone: str) -> tuple[str, dict[str, str]]:
        """For who sits far from the cabin."""
        return (N_("l’accueil au %(phone)s"), {"phone": phone}) if phone else (N_("l’accueil du lieu"), {})
