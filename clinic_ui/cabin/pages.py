"""All screens of the cabin, put together: what the roof mounts."""

from clinic_ui.cabin.accesses import AccessPages
from clinic_ui.cabin.arrival import ArrivalPages
from clinic_ui.cabin.booth import Booth
from clinic_ui.cabin.check import CheckPages, Mornings
from clinic_ui.cabin.closing import ClosingPages
from clinic_ui.cabin.home import HomePages
from clinic_ui.cabin.prescription import PrescriptionScreens
from clinic_ui.cabin.questions import QuestionPages
from clinic_ui.cabin.room import RoomPages
from clinic_ui.cabin.today import Todays
from server.encounters.service.accesses import AccessBook
from server.scheduler.service.cabin_view import CabinView
from server.web.routes import Routes

__all__ = ["Booth", "Mornings", "Todays", "routes"]


def routes(
    booth: Booth, todays: Todays, mornings: Mornings, follow_up_view: CabinView, access_book: AccessBook
) -> Routes:
    """Return `(method, path, view)` of every screen of the cabin."""
    return [
        *HomePages(booth, todays, mornings).routes(),
        *CheckPages(booth, mornings).routes(),
        *ArrivalPages(booth).routes(),
        *QuestionPages(booth).routes(),
        *RoomPages(booth).routes(),
        *ClosingPages(booth, follow_up_view).routes(),
        *PrescriptionScreens(booth).routes(),
        *AccessPages(booth, access_book).routes(),
    ]
