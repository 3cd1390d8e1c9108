"""The policy table: one row for every route, or the route cannot be registered (`server.web.routes`).

A row gives the act that the caller's role must be allowed (`server.kernel.access.RULES`), SIGNED_IN for pages
that only need a known person at the right door, or PUBLIC.
"""

from enum import Enum

from server.kernel.access import Act


class Open(Enum):
    """Rows that ask for less than an act."""

    PUBLIC = "anyone"
    SIGNED_IN = "anyone signed in at this door"


PUBLIC = Open.PUBLIC
SIGNED_IN = Open.SIGNED_IN

ROUTES: dict[tuple[str, str], Act | Open] = {
    # the house
    ("GET", "/"): PUBLIC,
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/static/{hash}/{path}"): PUBLIC,
    ("GET", "/signal"): PUBLIC,  # a WebSocket: the first frame brings a single-use ticket
    ("POST", "/api/line-ticket"): Act.LINE_OPEN,
    ("GET", "/api/ice-servers"): Act.CALL_SEAT,
    ("GET", "/signin/{door}"): PUBLIC,
    ("POST", "/signin/{door}"): PUBLIC,
    ("POST", "/signout/{door}"): PUBLIC,
    ("POST", "/settings"): PUBLIC,  # language, theme and text size: three cookies, no account
    # encounters: the cabin
    ("GET", "/api/cabin/visit"): Act.VISIT_INTAKE,
    ("POST", "/api/cabin/arrive"): Act.VISIT_INTAKE,
    ("POST", "/api/cabin/reason"): Act.VISIT_INTAKE,
    ("POST", "/api/cabin/flags"): Act.VISIT_INTAKE,
    ("POST", "/api/cabin/go-on"): Act.VISIT_INTAKE,
    ("POST", "/api/cabin/consent"): Act.VISIT_INTAKE,
    ("POST", "/api/cabin/leave"): Act.VISIT_INTAKE,
    ("POST", "/api/cabin/step-out"): Act.VISIT_INTAKE,
    ("POST", "/api/cabin/come-back"): Act.VISIT_INTAKE,
    ("POST", "/api/cabin/goodbye"): Act.VISIT_INTAKE,
    ("POST", "/api/cabin/seat"): Act.CALL_SEAT,
    ("POST", "/api/cabin/connected"): Act.CALL_REPORT,
    ("POST", "/api/cabin/hang-up"): Act.CALL_SEAT,
    ("POST", "/api/cabin/incidents"): Act.CALL_REPORT,
    # encounters: the desk and the front office
    ("GET", "/api/queue"): Act.QUEUE_SEE,
    ("GET", "/api/desk/visit"): Act.QUEUE_SEE,
    ("POST", "/api/duty"): Act.DUTY_SAY,
    ("POST", "/api/encounters/{encounter_id}/claim"): Act.ENCOUNTER_CLAIM,
    ("POST", "/api/encounters/{encounter_id}/release"): Act.ENCOUNTER_CLAIM,
    ("POST", "/api/encounters/{encounter_id}/ring"): Act.ENCOUNTER_CLAIM,
    ("POST", "/api/encounters/{encounter_id}/hang-up"): Act.CALL_SEAT,
    ("POST", "/api/encounters/{encounter_id}/seat"): Act.CALL_SEAT,
    ("POST", "/api/encounters/{encounter_id}/connected"): Act.CALL_REPORT,
    ("POST", "/api/encounters/{encounter_id}/incidents"): Act.CALL_REPORT,
    ("POST", "/api/office/queue"): Act.QUEUE_PUT,
    # records
    ("GET", "/api/encounters/{encounter_id}/note"): Act.NOTE_WRITE,
    ("PUT", "/api/encounters/{encounter_id}/note"): Act.NOTE_WRITE,
    ("POST", "/api/encounters/{encounter_id}/note/addenda"): Act.NOTE_SIGN,
    ("POST", "/api/encounters/{encounter_id}/note/strike"): Act.NOTE_SIGN,
    ("GET", "/api/patients/{patient_id}/history"): Act.HISTORY_READ,
    ("POST", "/api/patients/{patient_id}/observations"): Act.MEASURES_TAKE,
    ("GET", "/api/patients/{patient_id}/observations"): Act.MEASURES_READ,
    ("POST", "/api/observations/{observation_id}/strike"): Act.MEASURES_TAKE,
    ("GET", "/api/patients/{patient_id}/background"): Act.BACKGROUND_READ,
    ("PUT", "/api/patients/{patient_id}/background"): Act.BACKGROUND_WRITE,
}
