"""All pages of the front office, put together: what the roof mounts."""

from clinic_ui.front_office.accesses import AccessPages
from clinic_ui.front_office.day import DayPages
from clinic_ui.front_office.documents import DocumentPages
from clinic_ui.front_office.duplicates import DuplicatePages
from clinic_ui.front_office.follow_ups import AppointmentPages, PromisePages
from clinic_ui.front_office.helping import HelpPages
from clinic_ui.front_office.identity import IdentityPages
from clinic_ui.front_office.measuring import MeasurePages
from clinic_ui.front_office.office import Office
from clinic_ui.front_office.papers import PaperPages
from clinic_ui.front_office.patients import PatientPages
from clinic_ui.front_office.queueing import QueuePages
from clinic_ui.front_office.series import SeriesPages
from clinic_ui.front_office.sheet import SheetPages
from server.encounters.service.accesses import AccessBook
from server.people.merging import Merging
from server.records.documents.service import Documents
from server.records.prescriptions.service import Prescriptions
from server.scheduler.series.service import Series
from server.web.routes import Routes

__all__ = ["Office", "routes"]


def routes(
    office: Office,
    access_book: AccessBook,
    merging: Merging,
    documents: Documents,
    prescriptions: Prescriptions,
    series: Series,
) -> Routes:
    """Return `(method, path, view)` of every page; `/office/patients/new` before `/office/patients/{…}`."""
    return [
        *DayPages(office).routes(),
        *HelpPages(office).routes(),
        *PatientPages(office).routes(),
        *SheetPages(office).routes(),
        *IdentityPages(office).routes(),
        *DuplicatePages(office, merging).routes(),
        *AccessPages(office, access_book).routes(),
        *MeasurePages(office).routes(),
        *DocumentPages(office, documents).routes(),
        *QueuePages(office).routes(),
        *PromisePages(office).routes(),
        *AppointmentPages(office, series).routes(),
        *SeriesPages(office, series).routes(),
        *PaperPages(office, prescriptions).routes(),
    ]
