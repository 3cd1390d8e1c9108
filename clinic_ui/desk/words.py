"""The French words of the desk: for codes that the services give, and for what its scripts may say."""

from server.encounters.rules import CallStatus, IncidentKind, Reason, RedFlag
from server.encounters.views import DeskVisit
from server.kernel.words import N_
from server.people.founding.rules import InstrumentKind
from server.people.rules import IdentityStatus, Sex
from server.records.rules.measures import Level, MeasureName
from server.records.rules.note import Modality, Part
from server.scheduler.rules.overbooking import OverbookReason

REASONS = {
    Reason.PAIN: N_("Douleur"),
    Reason.FEVER: N_("Fièvre, toux, rhume"),
    Reason.RENEWAL: N_("Renouvellement"),
    Reason.SKIN: N_("Peau, plaie"),
    Reason.RESULT: N_("Résultat d’examen"),
    Reason.OTHER: N_("Autre raison"),
}
FLAGS = {
    RedFlag.CHEST_PAIN: N_("Douleur dans la poitrine"),
    RedFlag.BREATHLESS: N_("Du mal à respirer"),
    RedFlag.STROKE: N_("Bouche, bras ou parole"),
    RedFlag.BLEEDING: N_("Saignement"),
}
INCIDENTS = {
    IncidentKind.CUT: N_("coupure"),
    IncidentKind.AUDIO_ONLY: N_("voix seule, sans image"),
    IncidentKind.NO_CAMERA: N_("pas d’image de la cabine"),
    IncidentKind.NO_MICROPHONE: N_("pas de son de la cabine"),
    IncidentKind.OTHER: N_("autre incident"),
}
IDENTITY = {
    IdentityStatus.PROV: (N_("Identité à vérifier"), "warn"),
    IdentityStatus.RECUP: (N_("Identité à vérifier"), "warn"),
    IdentityStatus.VALI: (N_("Identité vérifiée"), "ok"),
    IdentityStatus.QUAL: (N_("Identité vérifiée"), "ok"),
}
OVERBOOK_WORDS = {
    OverbookReason.URGENT: N_("Cela ne peut pas attendre"),
    OverbookReason.ONLY_THEN: N_("La personne ne peut venir qu’à ce moment"),
    OverbookReason.TOGETHER: N_("Elle vient avec l’autre personne"),
    OverbookReason.SHORT: N_("Quelques minutes suffisent"),
}
SEXES = {Sex.FEMALE: N_("F"), Sex.MALE: N_("M"), Sex.UNKNOWN: N_("sexe inconnu")}
PARTS = {
    Part.PRACTITIONER: N_("médecin"),
    Part.HEALTH_WORKER: N_("professionnel accompagnant"),
    Part.COMPANION: N_("proche"),
    Part.INTERPRETER: N_("interprète"),
    Part.SPECIALIST: N_("spécialiste"),
}
MODALITIES = {
    Modality.REMOTE: N_("par la cabine"),
    Modality.IN_PERSON: N_("au cabinet"),
    Modality.HOME: N_("à domicile"),
}
INSTRUMENTS = {
    InstrumentKind.ECG: N_("électrocardiographe"),
    InstrumentKind.DERMATOSCOPE: N_("dermatoscope"),
    InstrumentKind.RETINOGRAPH: N_("rétinographe"),
    InstrumentKind.SPIROMETER: N_("spiromètre"),
    InstrumentKind.ULTRASOUND: N_("échographe"),
}
"""What a doctor may ask for: what is called otherwise stands in the reason."""
INSTRUMENTS_TAKEN = {
    InstrumentKind.ECG: N_("L’électrocardiographe est pris, ou le lieu n’en a pas."),
    InstrumentKind.DERMATOSCOPE: N_("Le dermatoscope est pris, ou le lieu n’en a pas."),
    InstrumentKind.RETINOGRAPH: N_("Le rétinographe est pris, ou le lieu n’en a pas."),
    InstrumentKind.SPIROMETER: N_("Le spiromètre est pris, ou le lieu n’en a pas."),
    InstrumentKind.ULTRASOUND: N_("L’échographe est pris, ou le lieu n’en a pas."),
}
MEASURES = {
    MeasureName.SYSTOLIC: N_("Tension"),
    MeasureName.DIASTOLIC: N_("Tension basse"),
    MeasureName.HEART_RATE: N_("Pouls"),
    MeasureName.OXYGEN_SATURATION: N_("Oxygène"),
    MeasureName.TEMPERATURE: N_("Température"),
    MeasureName.BREATHING_RATE: N_("Respiration"),
    MeasureName.WEIGHT: N_("Poids"),
    MeasureName.HEIGHT: N_("Taille"),
    MeasureName.GLUCOSE: N_("Glycémie"),
    MeasureName.PAIN: N_("Douleur"),
    MeasureName.INHALED_OXYGEN: N_("Oxygène donné"),
    MeasureName.CONSCIOUSNESS: N_("Conscience"),
}
SHEET = {
    "allergies": N_("Allergies"),
    "conditions": N_("Antécédents"),
    "medications": N_("Traitements en cours"),
    "pregnant": N_("Grossesse"),
    "low_oxygen_target": N_("Oxygène visé bas"),
}
LEVELS = {
    Level.LOW: N_("au-dessous"),
    Level.NORMAL: N_("habituel"),
    Level.HIGH: N_("au-dessus"),
    Level.IMPLAUSIBLE: N_("à vérifier"),
    Level.NOT_JUDGED: "",
}
LEGAL = (
    ("conclusion", N_("Compte rendu")),
    ("acts", N_("Actes et prescriptions")),
    ("participants", N_("Personnes présentes")),
    ("time", N_("Début et fin")),
    ("incidents", N_("Incidents techniques")),
)
"""The five items of article R.6316-4, by the field that `missing_items` names."""

WISHES = (
    ("none", N_("Aucune"), ""),
    ("nurse", N_("Infirmière"), N_("à la cabine")),
    ("cabin", N_("Me revoir"), N_("par la cabine")),
    ("surgery", N_("Au cabinet"), N_("examen")),
    ("home", N_("À domicile"), N_("avec l’infirmière")),
)
INTERVALS = (
    (7, N_("dans 7 jours")),
    (14, N_("dans 14 jours")),
    (30, N_("dans 1 mois")),
    (90, N_("dans 3 mois")),
    (180, N_("dans 6 mois")),
    (0, N_("dans un autre délai")),
)
EVERY = (
    (0, N_("une seule fois")),
    (1, N_("tous les jours")),
    (2, N_("tous les 2 jours")),
    (3, N_("tous les 3 jours")),
    (7, N_("toutes les semaines")),
    (14, N_("toutes les 2 semaines")),
    (28, N_("toutes les 4 semaines")),
    (90, N_("tous les 3 mois")),
)

SCRIPT = {
    "title": N_("Consultations"),
    "titleWaiting": N_("(%(count)s) Consultations"),
    "newcomer": N_("Une personne de plus attend."),
    "calling": N_("On appelle la cabine…"),
    "callingMore": N_("L’image vient toute seule."),
    "arriving": N_("La cabine est là."),
    "unanswered": N_("La cabine ne répond pas."),
    "unansweredMore": N_("L’écran de la cabine n’a pas pris l’appel depuis 20 secondes."),
    "away": N_("La cabine a perdu la liaison."),
    "awayMore": N_("On l’attend. L’appel reprend tout seul."),
    "endedTitle": N_("L’appel est fini."),
    "endedMore": N_("La note reste ouverte. Rien n’est perdu."),
    "leftTitle": N_("La personne a quitté la cabine."),
    "leftMore": N_("Terminez la note et signez-la, ou rendez la visite à l’accueil par téléphone."),
    "elsewhereTitle": N_("Cette visite est ouverte dans un autre onglet."),
    "elsewhereMore": N_("L’appel continue là-bas. Ce qui est écrit ici est gardé."),
    "goneTitle": N_("Cette visite n’est plus à vous."),
    "cameraLost": N_("Votre caméra est débranchée. La personne vous entend."),
    "microphoneLost": N_("Votre micro est débranché. La personne ne vous entend pas."),
    "cut": N_("Coupure : %(seconds)s s. On reprend."),
    "stillOf": N_("Image fixe de %(time)s"),
    "withoutVideo": N_("Sans vidéo : %(clock)s"),
    "withoutVideoLate": N_("ne compte plus comme une visite en vidéo"),
    "telephoneTitle": N_("La voix ne passe plus."),
    "telephoneMore": N_(
        "Téléphonez : la cabine affiche le numéro qui va sonner. L’appel reprend ici tout seul s’il le peut."
    ),
    "deferredTitle": N_("L’appel ne tient pas."),
    "deferredMore": N_(
        "Rien n’est perdu. Téléphonez, rendez la personne à la file à sa place, ou terminez et donnez un autre moment."
    ),
    "theirMicrophone": N_("Le micro de la cabine est éteint."),
    "theirCamera": N_("La caméra de la cabine est éteinte."),
    "ownMuted": N_("Votre micro est éteint."),
    "line4": N_("Liaison bonne"),
    "line3": N_("Liaison correcte"),
    "line2": N_("Liaison moyenne"),
    "line1": N_("Liaison faible"),
    "line0": N_("Liaison très faible"),
    "line4More": N_("Voix et image nettes"),
    "line3More": N_("Voix nette"),
    "line2More": N_("Voix nette, image réduite"),
    "line1More": N_("Parlez lentement"),
    "line0More": N_("Parlez lentement, ou téléphonez à la cabine"),
    "small": N_("Liaison moyenne"),
    "smallMore": N_("Voix nette, image réduite."),
    "still": N_("Voix et photos"),
    "stillMore": N_("Une photo toutes les 4 à 10 secondes."),
    "voice": N_("Voix seule"),
    "voiceMore": N_("L’image est en pause."),
    "telephone": N_("Voix perdue"),
    "deferred": N_("Liaison perdue"),
    "weakMine": N_("Votre ligne est faible."),
    "weakTheirs": N_("La ligne de la cabine est faible."),
    "weakBoth": N_("La ligne est faible dans les deux sens."),
    "cameraAsking": N_("On allume la caméra. Autorisez-la si le navigateur le demande."),
    "cameraReady": N_("On vous voit."),
    "cameraRefused": N_("La caméra est bloquée par le navigateur. Autorisez-la près de l’adresse de la page."),
    "cameraAbsent": N_("Aucune caméra. La personne vous entendra sans vous voir."),
    "cameraOff": N_("Votre caméra est éteinte."),
    "microphoneReady": N_("Votre micro est prêt."),
    "microphoneAbsent": N_("Aucun micro. La personne ne pourra pas vous entendre."),
    "lineReady": N_("Le serveur répond."),
    "lineLost": N_("Le serveur ne répond pas. On réessaie."),
    "saving": N_("Enregistrement…"),
    "saved": N_("Enregistré à %(time)s"),
    "unsaved": N_("Pas encore enregistré"),
    "retrying": N_("Pas enregistré. Gardé ici, on réessaie."),
    "choose": N_("En attente de votre choix"),
    "wrong": N_("Pas enregistré : corrigez ce qui est indiqué."),
    "closedNote": N_("Cette note ne peut plus changer."),
    "merged": N_("Un autre onglet a écrit dans cette note. Les deux textes sont réunis ici."),
    "clash": N_("Un autre onglet a écrit autre chose ici. Choisissez : rien n’est perdu."),
    "network": N_("Réseau coupé depuis %(time)s. Votre texte reste dans cette page et part au retour."),
    "readAgain": N_("Relire"),
    "allergy": N_("Allergie connue : %(words)s."),
    "signing": N_("Signature…"),
    "signed": N_("Note signée à %(time)s"),
    "signedFor": N_("%(name)s lit maintenant vos conseils dans la cabine. La note ne change plus."),
    "signedPromise": N_("Suivi demandé : %(wish)s. La cabine propose des moments."),
    "signedNoPromise": N_("Aucun suivi demandé."),
    "inDays": N_("dans %(days)s jours"),
    "nothing": N_("rien"),
    "released": N_("%(name)s attend de nouveau, à sa place dans la file."),
    "micOn": N_("Micro"),
    "micOff": N_("Micro éteint"),
    "cameraOn": N_("Caméra"),
    "cameraOffShort": N_("Caméra éteinte"),
    "guestCopied": N_("Le lien est copié. Envoyez-le par un message."),
    "guestAsked": N_("attend la réponse de la personne"),
    "guest-invited": N_("Lisez le code. On attend la personne invitée."),
    "guest-asking": N_("%(name)s demande à entrer. La personne dans la cabine répond."),
    "guest-admitted": N_("%(name)s est dans l’appel."),
    "guest-refused": N_("La personne a dit non à %(name)s."),
    "guest-left": N_("%(name)s est parti."),
    "guest-removed": N_("%(name)s est sorti."),
    "guest-lapsed": N_("L’invitation est finie."),
    "part-interpreter": N_("interprète"),
    "part-family": N_("proche"),
    "part-specialist": N_("spécialiste"),
    "hereTold": N_("Les cabines voient que vous êtes là."),
    "awayTold": N_("Les cabines voient que vous n’êtes pas là."),
}


def phase_of(visit: DeskVisit | None) -> str:
    """Return the word of visit.js for where a visit stands."""
    if visit is None:
        return "free"
    if visit.call is CallStatus.ENDED:
        return "left" if visit.patient_left else "ended"
    return "live" if visit.call is CallStatus.LIVE else "ringing"
