"""Documents as pages show them: a title, a small picture in the page itself, and the words of the form that sends."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from server.kernel.ids import DocumentId, EncounterId
from server.kernel.words import N_
from server.records.documents.rules import DocumentStatus, MediaType
from server.records.documents.service import Document

VIEWER_WORDS = {
    "viewLoads": N_("L’image vient…"),
    "viewAt": N_("Affichée à %(percent)s %%"),
    "viewFails": N_("L’image ne vient pas. Fermez, puis réessayez."),
}
WORDS = VIEWER_WORDS | {
    "sending": N_("Envoi en cours…"),
    "sendWaits": N_("Plus de réseau, ou le serveur ne répond pas. Le fichier attend ici et repart tout seul."),
    "sendChecked": N_("Arrivé. On le vérifie…"),
    "sendDone": N_("C’est dans le dossier."),
    "sendStop": N_("Arrêter"),
    "documentCame": N_("Un document est arrivé."),
    "sendClear": N_("Enlever de la liste"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One document on a page. `thumbnail`: a `data:` address, or none; `title`: a French sentence if none was said."""

    id: DocumentId
    title: str
    is_named: bool
    is_picture: bool
    is_apart: bool
    given_in: EncounterId | None
    thumbnail: str
    kilobytes: int
    added_at: datetime


def shown(documents: Sequence[Document]) -> list[Shown]:
    """Return what a page needs of each document. Small pictures stand in the page: one answer, one line in the log."""
    return [_shown(one) for one in documents]


def _shown(one: Document) -> Shown:
    is_picture = one.media_type is not MediaType.PDF
    small = f"data:image/jpeg;base64,{b64encode(one.thumbnail).decode()}" if one.thumbnail else ""
    return Shown(
        id=one.id,
        title=one.title or (N_("Photo") if is_picture else N_("Document PDF")),
        is_named=bool(one.title),
        is_picture=is_picture,
        is_apart=one.status is DocumentStatus.QUARANTINED,
        given_in=one.given_in,
        thumbnail=small,
        kilobytes=max(1, one.size // 1024),
        added_at=one.added_at,
    )
