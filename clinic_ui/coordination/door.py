"""All that stands behind the coordination door: its pages, each with the services that it needs."""

from dataclasses import dataclass

from clinic_ui.coordination.board import BoardPages
from clinic_ui.coordination.closings import ClosingPages
from clinic_ui.coordination.glasses import GlassPages
from clinic_ui.coordination.hours import AllHoursPages
from clinic_ui.coordination.pages import CoordinationPages
from clinic_ui.coordination.places import PlacesPages
from clinic_ui.coordination.readiness import ReadinessPages
from clinic_ui.hours.calendars import CalendarPages, Subscribed
from clinic_ui.hours.pages import HoursPages
from clinic_ui.hours.seats import coordinator
from server.audit.service import Witnessing
from server.evaluation.overview import Overview
from server.evaluation.service import Feedback
from server.kernel.clock import Clock
from server.people.access.glass import Glasses
from server.people.founding.service import Founding
from server.readiness.service import Readiness
from server.scheduler.availability.feeds import Feeds
from server.scheduler.availability.service import Availability
from server.scheduler.closings.service import Closings
from server.web.routes import Routes


@dataclass(frozen=True, slots=True)
class Coordination:
    """The services of the coordinator."""

    overview: Overview
    feedback: Feedback
    witnessing: Witnessing
    glasses: Glasses
    readiness: Readiness
    availability: Availability
    founding: Founding
    feeds: Feeds
    closings: Closings
    now: Clock


def routes(here: Coordination) -> Routes:
    """Return every route of the door."""
    overview = CoordinationPages(here.overview, here.feedback, here.witnessing, here.glasses, here.now)
    hours = HoursPages(here.availability, coordinator(), here.now)
    return [
        *overview.routes(),
        *GlassPages(here.glasses).routes(),
        *ReadinessPages(here.readiness, here.now).routes(),
        *BoardPages(here.availability, here.readiness, here.now).routes(),
        *AllHoursPages(here.availability).routes(),
        *hours.routes(),
        *ClosingPages(here.closings, here.now).routes(),
        *CalendarPages(hours, here.feeds, here.now).routes(),
        *Subscribed(here.feeds).routes(),
        *PlacesPages(here.founding).routes(),
    ]
