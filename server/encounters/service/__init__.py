"""What people can do with visits: in the cabin, at the desk, in the front office, at both ends of a call."""

from server.encounters.service.calls import Calls
from server.encounters.service.duty import Duty
from server.encounters.service.ending import Endings
from server.encounters.service.front_office import FrontOffice, Placement
from server.encounters.service.ground import Beginning, ConsentSaid, Exchange, Ground, Nudger, Opinions, Tickets
from server.encounters.service.guests import Guests
from server.encounters.service.help import HelpCalls
from server.encounters.service.intake import Intake
from server.encounters.service.queue import ClaimGiven, Queue

__all__ = [
    "Beginning",
    "Calls",
    "ClaimGiven",
    "ConsentSaid",
    "Duty",
    "Endings",
    "Exchange",
    "FrontOffice",
    "Ground",
    "Guests",
    "HelpCalls",
    "Intake",
    "Nudger",
    "Opinions",
    "Placement",
    "Queue",
    "Tickets",
]
