"""Words about follow-ups that several doors share: whom one waits for, and why one ends without a visit."""

from collections.abc import Mapping

from server.kernel.words import N_
from server.scheduler.promises.rules import Concern, Outcome, WithdrawReason

CONCERNS: Mapping[Concern, tuple[str, str]] = {
    Concern.NOBODY: (N_("Rien à faire maintenant"), "ok"),
    Concern.HEALTH_WORKER: (N_("À l’accueil de jouer"), "info"),
    Concern.DOCTOR: (N_("Le médecin doit savoir"), "warn"),
    Concern.COORDINATOR: (N_("La coordination s’en mêle"), "danger"),
}
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.MISSED: N_("N’est pas venu(e)"),
    Outcome.CANNOT_COME: N_("Ne pouvait pas venir"),
    Outcome.DECLINED: N_("A refusé un moment"),
    Outcome.EXPIRED: N_("N’a pas répondu"),
}
WITHDRAW_REASONS: Mapping[WithdrawReason, str] = {
    WithdrawReason.PATIENT_REFUSES: N_("La personne ne veut pas"),
    WithdrawReason.SEEN_ELSEWHERE: N_("Vue ailleurs"),
    WithdrawReason.NO_LONGER_NEEDED: N_("Plus nécessaire"),
    WithdrawReason.MOVED_AWAY: N_("Partie vivre ailleurs"),
    WithdrawReason.DECEASED: N_("Décédée"),
    WithdrawReason.MISTAKE: N_("Demandé par erreur"),
}
