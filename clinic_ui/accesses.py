"""The words of « Qui a ouvert ce dossier ? »: what was opened, in what connection, and by whom, said to the patient."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from aiohttp import web

from server.encounters.access_rules import Opening, Why
from server.encounters.service.accesses import Accesses
from server.kernel.access import Role
from server.kernel.words import N_
from server.people.access.glass_rules import GlassReason, Verdict

DAYS_AT_THE_DESK, DAYS_IN_THE_CABIN = 14, 3

OPENING_WORDS: Mapping[Opening, str] = {
    Opening.RECOGNISED: N_("vous a reconnu"),
    Opening.REGISTERED: N_("a créé votre fiche"),
    Opening.SHEET_READ: N_("a ouvert votre fiche"),
    Opening.REASON_READ: N_("a vu pourquoi vous venez"),
    Opening.RECEIVED: N_("vous a reçu par l’écran"),
    Opening.CONSULTATIONS_READ: N_("a lu vos consultations"),
    Opening.NOTE_READ: N_("a relu la note de votre visite"),
    Opening.SUMMARY_READ: N_("a montré le résumé de votre visite"),
    Opening.PRESCRIPTION_READ: N_("a lu vos ordonnances"),
    Opening.PAPER_PRINTED: N_("a imprimé un document pour vous"),
    Opening.MEASURES_READ: N_("a lu vos mesures"),
    Opening.KNOWN_READ: N_("a lu vos allergies, antécédents et traitements"),
    Opening.FOLLOW_UPS_READ: N_("a vu vos suivis et vos rendez-vous"),
    Opening.DOCUMENTS_READ: N_("a vu vos documents"),
    Opening.ACCESSES_READ: N_("a ouvert cette page"),
    Opening.COPIED: N_("a préparé la copie de votre dossier"),
    Opening.OTHER_READ: N_("a consulté votre dossier"),
    Opening.NOTE_WRITTEN: N_("a écrit la note de votre visite"),
    Opening.NOTE_SIGNED: N_("a signé la note de votre visite"),
    Opening.NOTE_AMENDED: N_("a complété une note signée"),
    Opening.NOTE_STRUCK: N_("a annulé une note"),
    Opening.PRESCRIPTION_WRITTEN: N_("a préparé une ordonnance"),
    Opening.PRESCRIPTION_SIGNED: N_("a signé une ordonnance"),
    Opening.PRESCRIPTION_CANCELLED: N_("a annulé une ordonnance"),
    Opening.MEASURES_WRITTEN: N_("a noté vos mesures"),
    Opening.MEASURE_STRUCK: N_("a annulé une mesure"),
    Opening.DOCUMENT_SENT: N_("a envoyé un document"),
    Opening.DOCUMENT_GIVEN: N_("a choisi ce que la cabine vous montre"),
    Opening.DOCUMENT_STRUCK: N_("a annulé un document"),
    Opening.KNOWN_WRITTEN: N_("a changé vos allergies, antécédents ou traitements"),
    Opening.FOLLOW_UP_ASKED: N_("a demandé un suivi"),
    Opening.APPOINTMENT_CHANGED: N_("s’est occupé de vos rendez-vous"),
    Opening.IDENTITY_CHECKED: N_("a vérifié votre identité"),
    Opening.CODE_RENEWED: N_("vous a donné un nouveau code"),
    Opening.RECORDS_JOINED: N_("a réuni deux dossiers à votre nom"),
    Opening.RECORDS_PARTED: N_("a séparé deux dossiers réunis"),
    Opening.GLASS_BROKEN: N_("a ouvert votre dossier en urgence, sans vous suivre"),
    Opening.GLASS_CLOSED: N_("a refermé votre dossier"),
    Opening.GLASS_REVIEWED: N_("a contrôlé un accès en urgence, sans rien lire"),
    Opening.REFERRED: N_("a ouvert votre dossier à un autre médecin, pour un temps"),
    Opening.REFERRAL_REVOKED: N_("a repris cette autorisation"),
    Opening.OTHER_WRITTEN: N_("a écrit dans votre dossier"),
}
WHY_WORDS: Mapping[Why, str] = {
    Why.DURING_VISIT: N_("pendant votre visite"),
    Why.AFTER_VISIT: N_("après votre visite du %(day)s"),
    Why.WITHOUT_VISIT: N_("sans visite avec vous"),
    Why.AT_THE_SITE: N_("à l’accueil"),
    Why.IN_THE_CABIN: N_("avec votre code, ou votre nom et votre date de naissance"),
    Why.BY_ITSELF: N_("automatiquement"),
    Why.AT_COORDINATION: N_("à la coordination"),
    Why.IN_EMERGENCY: N_("en urgence"),
}
GLASS_WORDS: Mapping[GlassReason, str] = {
    GlassReason.LIFE_AT_RISK: N_("vie en danger"),
    GlassReason.CANNOT_SPEAK: N_("la personne ne peut pas répondre"),
    GlassReason.COLLEAGUE_AWAY: N_("le médecin qui suit n’est pas joignable"),
    GlassReason.OTHER: N_("autre urgence"),
}
VERDICT_WORDS: Mapping[Verdict | None, tuple[str, str]] = {
    None: (N_("pas encore contrôlé"), "warn"),
    Verdict.CONFIRMED: (N_("contrôlé : justifié"), "ok"),
    Verdict.CONTESTED: (N_("contrôlé : contesté"), "danger"),
}
ROLE_WORDS: Mapping[Role, str] = {
    Role.GP: N_("médecin"),
    Role.HEALTH_WORKER: N_("professionnel accompagnant"),
    Role.CABIN: N_("écran de la cabine"),
    Role.COORDINATOR: N_("coordination"),
    Role.ADMIN: N_("administration"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """Some days of the book, and the words for them: what the templates need."""

    book: Accesses
    opening_words: Mapping[Opening, str] = field(default_factory=lambda: OPENING_WORDS)
    why_words: Mapping[Why, str] = field(default_factory=lambda: WHY_WORDS)
    glass_words: Mapping[GlassReason, str] = field(default_factory=lambda: GLASS_WORDS)
    verdict_words: Mapping[Verdict | None, tuple[str, str]] = field(default_factory=lambda: VERDICT_WORDS)
    role_words: Mapping[Role, str] = field(default_factory=lambda: ROLE_WORDS)


def before(request: web.Request) -> date | None:
    """Return the day before which the page begins: `?avant=2026-03-12`. A day that is none begins at the newest."""
    try:
        return date.fromisoformat(request.query.get("avant", ""))
    except ValueError:
        return None
