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
    # scheduler
    ("POST", "/api/encounters/{encounter_id}/sign"): Act.NOTE_SIGN,
    ("GET", "/api/promises/{promise_id}/proposals"): Act.FOLLOW_UP_SEE,
    ("POST", "/api/promises/{promise_id}/book"): Act.FOLLOW_UP_BOOK,
    ("POST", "/api/promises/{promise_id}/call-back"): Act.FOLLOW_UP_BOOK,
    ("GET", "/api/cabin/proposals"): Act.FOLLOW_UP_SEE,
    ("POST", "/api/cabin/book"): Act.FOLLOW_UP_BOOK,
    ("POST", "/api/cabin/call-back"): Act.FOLLOW_UP_BOOK,
    ("GET", "/api/cabin/appointment"): Act.VISIT_INTAKE,
    ("GET", "/api/office/day"): Act.DAY_SHEET,
    ("GET", "/api/office/promises"): Act.FOLLOW_UP_SEE,
    ("GET", "/api/desk/promises"): Act.FOLLOW_UP_SEE,
    ("GET", "/api/desk/upcoming"): Act.FOLLOW_UP_ASK,
    ("POST", "/api/appointments/{appointment_id}/move"): Act.FOLLOW_UP_BOOK,
    ("POST", "/api/appointments/{appointment_id}/cancel"): Act.FOLLOW_UP_BOOK,
    ("POST", "/api/appointments/{appointment_id}/miss"): Act.FOLLOW_UP_BOOK,
    # cabin pages
    ("GET", "/cabin"): Act.VISIT_INTAKE,
    ("GET", "/cabin/etat"): Act.VISIT_INTAKE,
    ("GET", "/cabin/urgence"): Act.PLACES_SEE,
    ("GET", "/cabin/aide"): Act.PLACES_SEE,
    ("POST", "/cabin/aide"): Act.HELP_ASK,
    ("GET", "/cabin/aide/etat"): Act.HELP_ASK,
    ("POST", "/cabin/aide/merci"): Act.HELP_ASK,
    ("POST", "/cabin/partir"): Act.VISIT_INTAKE,
    ("GET", "/cabin/au-revoir"): Act.VISIT_INTAKE,
    ("GET", "/cabin/avec"): Act.VISIT_INTAKE,
    ("GET", "/cabin/qui"): Act.VISIT_INTAKE,
    ("GET", "/cabin/qui/code"): Act.VISIT_INTAKE,
    ("GET", "/cabin/qui/nom"): Act.VISIT_INTAKE,
    ("POST", "/cabin/qui/code"): Act.VISIT_INTAKE,
    ("POST", "/cabin/qui/nom"): Act.VISIT_INTAKE,
    ("POST", "/cabin/moi"): Act.VISIT_INTAKE,
    ("GET", "/cabin/mon-rendez-vous"): Act.VISIT_INTAKE,
    ("GET", "/cabin/motif"): Act.VISIT_INTAKE,
    ("POST", "/cabin/motif"): Act.VISIT_INTAKE,
    ("GET", "/cabin/motif/mots"): Act.VISIT_INTAKE,
    ("POST", "/cabin/motif/mots"): Act.VISIT_INTAKE,
    ("GET", "/cabin/signes"): Act.VISIT_INTAKE,
    ("POST", "/cabin/signes"): Act.VISIT_INTAKE,
    ("GET", "/cabin/alerte"): Act.VISIT_INTAKE,
    ("POST", "/cabin/alerte"): Act.VISIT_INTAKE,
    ("GET", "/cabin/accord"): Act.VISIT_INTAKE,
    ("POST", "/cabin/accord"): Act.VISIT_INTAKE,
    ("GET", "/cabin/en-personne"): Act.VISIT_INTAKE,
    ("GET", "/cabin/salle"): Act.VISIT_INTAKE,
    ("GET", "/cabin/salle/etat"): Act.VISIT_INTAKE,
    ("POST", "/cabin/salle/sortir"): Act.VISIT_INTAKE,
    ("GET", "/cabin/salle/a-bientot"): Act.VISIT_INTAKE,
    ("POST", "/cabin/salle/arreter"): Act.VISIT_INTAKE,
    ("GET", "/cabin/resume"): Act.VISIT_SUMMARY,
    ("GET", "/cabin/rendez-vous"): Act.FOLLOW_UP_SEE,
    ("POST", "/cabin/rendez-vous"): Act.FOLLOW_UP_BOOK,
    ("POST", "/cabin/rendez-vous/rappel"): Act.FOLLOW_UP_BOOK,
    ("GET", "/cabin/avis"): Act.FEEDBACK_GIVE,
    ("POST", "/cabin/avis"): Act.FEEDBACK_GIVE,
    # front office pages
    ("GET", "/office"): Act.DAY_SHEET,
    ("GET", "/office/day"): Act.DAY_SHEET,
    ("GET", "/office/help"): Act.HELP_ANSWER,
    ("POST", "/office/help/{cabin_id}"): Act.HELP_ANSWER,
    ("GET", "/office/visits/{encounter_id}/out"): Act.QUEUE_PUT,
    ("POST", "/office/visits/{encounter_id}/out"): Act.QUEUE_PUT,
    ("GET", "/office/patients"): Act.PATIENT_SEARCH,
    ("POST", "/office/patients"): Act.PATIENT_SEARCH,
    ("GET", "/office/patients/new"): Act.PATIENT_REGISTER,
    ("POST", "/office/patients/new"): Act.PATIENT_REGISTER,
    ("GET", "/office/patients/{patient_id}"): Act.PATIENT_READ,
    ("GET", "/office/patients/{patient_id}/background"): Act.BACKGROUND_WRITE,
    ("POST", "/office/patients/{patient_id}/background"): Act.BACKGROUND_WRITE,
    ("GET", "/office/patients/{patient_id}/follow-ups"): Act.FOLLOW_UP_SEE,
    ("GET", "/office/patients/{patient_id}/measures"): Act.MEASURES_TAKE,
    ("POST", "/office/patients/{patient_id}/measures"): Act.MEASURES_TAKE,
    ("POST", "/office/patients/{patient_id}/measures/{observation_id}/strike"): Act.MEASURES_TAKE,
    ("GET", "/office/patients/{patient_id}/queue"): Act.QUEUE_PUT,
    ("POST", "/office/patients/{patient_id}/queue"): Act.QUEUE_PUT,
    ("GET", "/office/promises"): Act.FOLLOW_UP_BOOK,
    ("GET", "/office/promises/{promise_id}"): Act.FOLLOW_UP_BOOK,
    ("POST", "/office/promises/{promise_id}/book"): Act.FOLLOW_UP_BOOK,
    ("POST", "/office/promises/{promise_id}/call-back"): Act.FOLLOW_UP_BOOK,
    ("GET", "/office/appointments/{appointment_id}"): Act.DAY_SHEET,
    ("GET", "/office/appointments/{appointment_id}/move"): Act.FOLLOW_UP_BOOK,
    ("POST", "/office/appointments/{appointment_id}/move"): Act.FOLLOW_UP_BOOK,
    ("GET", "/office/appointments/{appointment_id}/cancel"): Act.FOLLOW_UP_BOOK,
    ("POST", "/office/appointments/{appointment_id}/cancel"): Act.FOLLOW_UP_BOOK,
    ("POST", "/office/appointments/{appointment_id}/miss"): Act.FOLLOW_UP_BOOK,
    # desk pages
    ("GET", "/desk"): Act.QUEUE_SEE,
    ("GET", "/desk/queue"): Act.QUEUE_SEE,
    ("GET", "/desk/planned"): Act.FOLLOW_UP_ASK,
    ("GET", "/desk/record"): Act.NOTE_WRITE,
    ("GET", "/desk/measures"): Act.MEASURES_READ,
    ("GET", "/desk/history"): Act.HISTORY_READ,
    ("GET", "/desk/incidents"): Act.QUEUE_SEE,
    ("GET", "/desk/alert"): Act.QUEUE_SEE,
    ("GET", "/desk/review"): Act.NOTE_SIGN,
    ("GET", "/desk/follow-ups"): Act.FOLLOW_UP_ASK,
    ("GET", "/desk/agenda"): Act.FOLLOW_UP_ASK,
    # coordination pages
    ("GET", "/coordination"): Act.OVERVIEW_SEE,
    ("GET", "/coordination/day"): Act.OVERVIEW_SEE,
}
