"""An appointment's states, in the words of FHIR R4.

proposed → pending → booked → arrived → fulfilled
                       │  │       │
                       │  └───────┴──► noshow        (arrived too: recognised at the door, gone before the visit)
    proposed | pending | booked ──► cancelled
                  any of them  ──► entered-in-error
"""

from enum import StrEnum

from server.kernel.errors import Conflict
from server.kernel.words import N_


class AppointmentStatus(StrEnum):
    """FHIR R4 AppointmentStatus, the codes that we use."""

    PROPOSED = "proposed"
    PENDING = "pending"
    BOOKED = "booked"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"
    ENTERED_IN_ERROR = "entered-in-error"


_S = AppointmentStatus
_NEXT: dict[AppointmentStatus, frozenset[AppointmentStatus]] = {
    _S.PROPOSED: frozenset({_S.PENDING, _S.BOOKED, _S.CANCELLED}),
    _S.PENDING: frozenset({_S.BOOKED, _S.CANCELLED}),
    _S.BOOKED: frozenset({_S.ARRIVED, _S.FULFILLED, _S.NOSHOW, _S.CANCELLED}),
    _S.ARRIVED: frozenset({_S.FULFILLED, _S.NOSHOW}),
    _S.FULFILLED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.NOSHOW: frozenset(),
    _S.ENTERED_IN_ERROR: frozenset(),
}
EXPECTED = (_S.BOOKED, _S.ARRIVED)
"""States in which the person is expected, and the units are held."""


def check_move(before: AppointmentStatus, then: AppointmentStatus) -> AppointmentStatus:
    """Return `then`, or raise Conflict when an appointment cannot go there."""
    void = then is _S.ENTERED_IN_ERROR and before is not then
    if then not in _NEXT[before] and not void:
        raise Conflict(
            N_("Ce rendez-vous a changé entre-temps. Rien n’a été modifié. Rechargez la page."),
            code="appointment-moved",
        )
    return then
