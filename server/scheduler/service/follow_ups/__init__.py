"""Follow-ups: promised by the doctor who signs, chosen by the patient or at the desk of the site, booked once.

promise ──► due ──proposals──► three moments ──book──► appointment + units of all, in one transaction
             ▲                                  └─ somebody was faster: Conflict with fresh moments
             └────── cancel (booking the same choice again undoes it, while it is free)
"""

from server.scheduler.service.follow_ups.booking import Booking
from server.scheduler.service.follow_ups.promising import Promising


class FollowUps(Promising, Booking):
    """Promises and their appointments."""
