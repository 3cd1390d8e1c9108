"""How sure an identity is: the evidence, the status that follows from it, and the keys of typed numbers.

    PROV --document sighted--> VALI --INSi answer--> QUAL
    PROV --INSi answer-------> RECUP --document----> QUAL
    any  --doubtful----------> PROV   (and back to what the evidence says, when the doubt is lifted)

The status is never set: it is read off the evidence [EXI SI 07 of RNIV]. Who is fictitious or doubtful stays
provisional, whatever was seen. A key that fits proves a number well typed, and raises nothing.
"""

import re
from enum import StrEnum

import msgspec

from server.kernel.errors import Invalid
from server.kernel.words import N_
from server.people.rules import DocumentKind, IdentityStatus, Traits

INS_NIR_OID = "1.2.250.1.213.1.4.8"
INS_NIA_OID = "1.2.250.1.213.1.4.9"
_INS = re.compile(r"([1-478]\d{2})(\d{2})(\d{2}|2A|2B)(\d{3})(\d{3})(\d{2})", re.ASCII)
_CORSICA = {"2A": "19", "2B": "18"}


class Move(StrEnum):
    """What somebody did that changes how sure an identity is."""

    DOCUMENT = "document"
    """They saw a high-trust document with these traits."""
    INSI = "insi"
    """They typed in what the INSi teleservice answered; the platform does not call it."""
    DOUBT = "doubt"
    SURE = "sure"
    """The doubt is lifted."""


def written_ins(text: str) -> str:
    """Return a national identifier as it is kept: no spaces, dots or hyphens, capital letters."""
    return re.sub(r"[\s.\-]", "", text).upper()


def ins_is_sound(ins: str) -> bool:
    """Return whether 15 characters are a number that may exist, with its key: 97 − (the first 13 mod 97).

    Of Corsica (2A, 2B) the key is counted with 19 and 18. Months beyond 12 stand for incomplete civil status.
    """
    found = _INS.fullmatch(ins)
    if found is None:
        return False
    start, month, department, commune, order, key = found.groups()
    number = int(start + month + _CORSICA.get(department, department) + commune + order)
    exists = 1 <= int(month) <= 12 or 20 <= int(month) <= 42 or int(month) >= 50
    return exists and int(key) == 97 - number % 97


def ins_oid(ins: str) -> str:
    """Return the system of a national identifier: those that begin with 1 or 2 are final, others wait for one."""
    return INS_NIR_OID if ins[:1] in ("1", "2") else INS_NIA_OID


def rpps_is_sound(number: str) -> bool:
    """Return whether 11 digits are an RPPS number with its key, which is Luhn's (ISO/IEC 7812-1).

    A typed number without its key is refused; one that came from elsewhere is flagged: of published examples some fail.
    """
    if re.fullmatch(r"\d{11}", number, re.ASCII) is None:
        return False
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number)))
    return sum(one - 9 if one > 9 else one for one in doubled) % 10 == 0


def status_of(traits: Traits, *, fictitious: bool) -> IdentityStatus:
    """Return the status that the evidence gives."""
    if fictitious or traits.doubtful:
        return IdentityStatus.PROV
    answered = traits.insi_answered and ins_is_sound(traits.ins)
    if traits.document:
        return IdentityStatus.QUAL if answered else IdentityStatus.VALI
    return IdentityStatus.RECUP if answered else IdentityStatus.PROV


def moved(traits: Traits, move: Move, *, document: DocumentKind | None, ins: str, fictitious: bool) -> Traits:
    """Return the traits with one more piece of evidence, or raise Invalid: the invented and the doubtful get none."""
    change = msgspec.structs.replace
    if move is Move.DOUBT or move is Move.SURE:
        return change(traits, doubtful=move is Move.DOUBT)
    if fictitious:
        raise Invalid(N_("Cette personne est fictive : son identité reste provisoire."))
    if traits.doubtful:
        raise Invalid(N_("Cette identité est douteuse. Levez d’abord le doute."))
    if move is Move.DOCUMENT:
        if document is None:
            raise _wrong("document", N_("Choisissez la pièce que vous avez vue."))
        return change(traits, document=document)
    ins = written_ins(ins)
    if not ins_is_sound(ins):
        raise _wrong("ins", N_("Ce matricule n’est pas juste : relisez les 15 caractères."))
    return change(traits, ins=ins, ins_oid=ins_oid(ins), insi_answered=True)


def _wrong(field: str, words: str) -> Invalid:
    return Invalid(N_("L’identité n’est pas modifiée : corrigez ce qui est indiqué."), fields={field: words})
