"""A third person in a call: who may be asked in, how the patient decides, and when it is over.

      invite ──▶ invited ──enter: code, name──▶ asking ──agree──▶ admitted
                    │                             │ │               │ │ └─leave──────▶ left
        remove, end │                      refuse │ └─ remove, end  │ └─refuse, remove ▶ removed
                    ▼                             ▼        ▼        └─end────────────▶ left
                 lapsed                        refused   lapsed

The patient decides alone (`agree`, `refuse`), and may change their mind while the guest is in. Until `agree` there is
no ticket for any seat: nothing of the guest flows. One visit has one open guest: `uq_guest_open` decides.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from server.encounters.rules import NAME_MAX, check_words
from server.kernel.errors import Conflict, Invalid
from server.kernel.ids import GuestId
from server.kernel.words import N_
from server.records.rules.note import Part
from signalling.protocol import Seat

CODE_DIGITS: Final = 8
CODE_FOR: Final = timedelta(minutes=15)
"""Long enough to telephone somebody, read the code out and let them find a quiet place.

With 20 tries a minute for all (`Guests`), and as many as 30 open codes in a territory, one of them is guessed within
its life with a chance of 1 in 11,000; and then the patient still reads a name that they do not know.
"""


class GuestPart(StrEnum):
    """As what somebody is asked in."""

    INTERPRETER = "interpreter"
    FAMILY = "family"
    SPECIALIST = "specialist"


class GuestStatus(StrEnum):
    """Where an invitation stands."""

    INVITED = "invited"
    ASKING = "asking"
    ADMITTED = "admitted"
    REFUSED = "refused"
    LEFT = "left"
    REMOVED = "removed"
    LAPSED = "lapsed"


class GuestMove(StrEnum):
    """What can happen to an invitation."""

    ENTER = "enter"
    AGREE = "agree"
    REFUSE = "refuse"
    LEAVE = "leave"
    REMOVE = "remove"
    END = "end"
    """The call is over, or the code is."""


_S, _M = GuestStatus, GuestMove
OPEN = (_S.INVITED, _S.ASKING, _S.ADMITTED)
MOVES: dict[tuple[GuestStatus, GuestMove], GuestStatus] = {
    (_S.INVITED, _M.ENTER): _S.ASKING,
    (_S.INVITED, _M.REMOVE): _S.LAPSED,
    (_S.INVITED, _M.END): _S.LAPSED,
    (_S.ASKING, _M.AGREE): _S.ADMITTED,
    (_S.ASKING, _M.REFUSE): _S.REFUSED,
    (_S.ASKING, _M.LEAVE): _S.LEFT,
    (_S.ASKING, _M.REMOVE): _S.LAPSED,
    (_S.ASKING, _M.END): _S.LAPSED,
    (_S.ADMITTED, _M.REFUSE): _S.REMOVED,
    (_S.ADMITTED, _M.LEAVE): _S.LEFT,
    (_S.ADMITTED, _M.REMOVE): _S.REMOVED,
    (_S.ADMITTED, _M.END): _S.LEFT,
}
PARTS = {
    GuestPart.INTERPRETER: Part.INTERPRETER,
    GuestPart.FAMILY: Part.COMPANION,
    GuestPart.SPECIALIST: Part.SPECIALIST,
}
"""How the note names them."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the doctor reads out. The code is shown once and not kept."""

    guest_id: GuestId
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Guest:
    """A third person, as those in the call may know them. `name` is empty until they said it."""

    guest_id: GuestId
    part: GuestPart
    status: GuestStatus
    name: str


class WrongGuestMove(Conflict):
    """The invitation cannot move like this from where it is."""

    code = "wrong-move"


def after(status: GuestStatus, move: GuestMove) -> GuestStatus:
    """Return the status that `move` leads to, or raise WrongGuestMove."""
    try:
        return MOVES[status, move]
    except KeyError:
        raise WrongGuestMove(N_("Ce n’est plus possible : cette invitation est finie.")) from None


def read_code(said: str) -> str:
    """Return the eight digits of a code as it was typed, with its spaces; raises Invalid."""
    code = re.sub(r"[\s.\-]", "", said)
    if not re.fullmatch(rf"[0-9]{{{CODE_DIGITS}}}", code):
        wrong = {"code": N_("Le code a huit chiffres.")}
        raise Invalid(N_("Le code a huit chiffres."), fields=wrong)
    return code


def read_name(said: str) -> str:
    """Return the name under which somebody asks in; raises Invalid for none."""
    name = " ".join(check_words(said, field="name", most=NAME_MAX).split())
    if not name or not name.isprintable():
        raise Invalid(N_("Dites votre nom : la personne le lit avant de décider."), fields={"name": N_("Votre nom")})
    return name


def pair(guest_id: GuestId, seat: Seat) -> str:
    """Return the exchange's name for the guest's connection with whoever sits on this seat of the visit."""
    return f"{guest_id}:{seat.value}"


def opposite(seat: Seat) -> Seat:
    """Return the guest's seat in the pair with that seat: so each pair has one offerer."""
    return Seat.PATIENT if seat is Seat.PRACTITIONER else Seat.PRACTITIONER
