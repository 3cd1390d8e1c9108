"""Follow-ups: promised by the doctor who signs, chosen by the patient or at the desk of the site, booked once.

promise ──► due ──proposals──► three moments ──book──► appointment + units of all, in one transaction
             ▲                                  │   └─ somebody was faster: Conflict with fresh moments
             │                                  └─hold──► the same, kept for a while ──confirm──► booked
             └────── cancel (booking the same choice again undoes it, while it is free)
"""

from server.scheduler.service.follow_ups.holding import Holding
from server.scheduler.service.follow_ups.lateness import Lateness
from server.scheduler.service.follow_ups.overbooking import Overbooking
from server.scheduler.service.follow_ups.promising import Promising


class FollowUps(Promising, Holding, Overbooking, Lateness):
    """Promises and their appointments."""
