"""Who stands how to a patient, and what that opens: the one table of role × relation. No row means no.

    role            relation    holds while                                          opens
    health-worker   here        the patient is of the site where they work           all that the role may do
    gp              care        they are the registered GP, or saw the patient       all that the role may do
                                within ninety days
    gp              visit       they have taken the visit, and not closed it         all that the role may do
    gp              referred    another doctor referred the patient, until a day     reading
    gp              glass       they broke the glass, for sixty minutes              reading

Whoever is not here has no relation: coordinators and administrators never do. A cabin knows only the visit that sits
in it, which the visit's own row decides. Which relation holds is read from the rows at each act (`gate`), so that a
revoked one stops at the next request.
"""

from enum import StrEnum

from server.kernel.access import RULES, Act, Role


class Relation(StrEnum):
    """How somebody stands to a patient."""

    HERE = "here"
    CARE = "care"
    VISIT = "visit"
    REFERRED = "referred"
    GLASS = "glass"


READING = frozenset(
    {
        Act.PATIENT_READ,
        Act.HISTORY_READ,
        Act.MEASURES_READ,
        Act.BACKGROUND_READ,
        Act.PRESCRIPTION_READ,
        Act.DOCUMENT_READ,
    }
)
"""What a doctor needs to know beforehand. Another act that reads is opened here by hand, or stays closed."""

WHOLE = frozenset({(Role.HEALTH_WORKER, Relation.HERE), (Role.GP, Relation.CARE), (Role.GP, Relation.VISIT)})
PART = {(Role.GP, Relation.REFERRED): READING, (Role.GP, Relation.GLASS): READING}


def opens(role: Role, relation: Relation, act: Act | None) -> bool:
    """Return whether this relation lets this role do `act`; None is an act that only a whole relation opens."""
    if act is not None and role not in RULES.get(act, frozenset()):
        return False
    if (role, relation) in WHOLE:
        return True
    return act in PART.get((role, relation), frozenset())
