"""Where hours are edited: everybody's by coordinators, one's own at the desk and in the front office."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from aiohttp import web

from clinic_ui.desk.desk import Desk
from clinic_ui.front_office.office import Office
from server.kernel.errors import NotFound
from server.kernel.words import N_
from server.scheduler.availability.subjects import own_subject
from server.web.keys import who_is
from server.web.wire import path_id

Around = Callable[[web.Request], Awaitable[dict[str, object]]]


@dataclass(frozen=True, slots=True)
class Seat:
    """Whose hours, at which address, and the page around them."""

    at: str
    """The address, with `{subject_id}` where it names whose hours are meant."""
    whose: Callable[[web.Request], UUID]
    frame: str
    """The template that the pages stand in, and what it needs."""
    around: Around
    back: tuple[str, str]
    """Where one came from, and what that is called."""
    own: bool = False

    def home(self, request: web.Request) -> str:
        """Return the address of these hours."""
        return self.at.replace("{subject_id}", str(self.whose(request)))


def coordinator() -> Seat:
    """Everybody's hours."""

    async def nothing(_request: web.Request) -> dict[str, object]:
        return {}

    def named(request: web.Request) -> UUID:
        return path_id(request, "subject_id")

    at = "/coordination/hours"
    return Seat(f"{at}/{{subject_id}}", named, "coordination/hours_frame.html", nothing, (at, N_("Toutes les heures")))


def doctor(desk: Desk) -> Seat:
    """A doctor's own hours."""
    back = ("/desk/agenda", N_("Agenda"))
    return Seat("/desk/hours", _own, "desk/hours_frame.html", desk.around, back, own=True)


def health_worker(office: Office) -> Seat:
    """A health worker's own hours."""
    back = ("/office", N_("Feuille du jour"))
    return Seat("/office/hours", _own, "front_office/office.html", office.around, back, own=True)


def _own(request: web.Request) -> UUID:
    subject_id = own_subject(who_is(request))
    if subject_id is None:
        raise NotFound(N_("Votre compte n’est celui de personne qui a des heures. Demandez à la coordination."))
    return subject_id
