"""What is known of a patient beforehand: allergies, conditions, medications; and what a save changed of it."""

from dataclasses import dataclass

import msgspec

from server.kernel.words import N_

ENTRIES_MAX = 100
ENTRY_MAX = 300
LISTS = ("allergies", "conditions", "medications")


class BackgroundBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Three lists. None: nobody asked yet. Empty: asked, and there is none. A doctor must see the difference.

    `low_oxygen_target`: a doctor decided that 88–92 % is this patient's oxygen (hypercapnic): NEWS2 uses scale 2.
    """

    allergies: tuple[str, ...] | None = None
    conditions: tuple[str, ...] | None = None
    medications: tuple[str, ...] | None = None
    pregnant: bool | None = None
    low_oxygen_target: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What a save did to one line of the sheet: what it wrote, what it took out, and the answer when that changed.

    `answer`, of a list: "unasked" or "none" when it holds no entry (any more); of the others: "unasked", "yes", "no".
    """

    field: str
    added: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    answer: str = ""


def changes(before: BackgroundBody, after: BackgroundBody) -> tuple[Change, ...]:
    """Return what differs between two versions of a sheet, line by line."""
    found = [_list_change(name, getattr(before, name), getattr(after, name)) for name in LISTS]
    if before.pregnant is not after.pregnant:
        found.append(Change("pregnant", answer=_answered(after.pregnant)))
    if before.low_oxygen_target is not after.low_oxygen_target:
        found.append(Change("low_oxygen_target", answer=_answered(after.low_oxygen_target)))
    return tuple(one for one in found if one is not None)


def _answered(said: bool | None) -> str:
    return "unasked" if said is None else "yes" if said else "no"


def _list_change(name: str, before: tuple[str, ...] | None, after: tuple[str, ...] | None) -> Change | None:
    if before == after:
        return None
    was, now = before or (), after or ()
    added, gone = tuple(one for one in now if one not in was), tuple(one for one in was if one not in now)
    answer = "unasked" if after is None else "" if after else "none"
    return Change(name, added, gone, answer) if added or gone or answer else None


def together(first: BackgroundBody, second: BackgroundBody) -> BackgroundBody:
    """Return what two sheets of one person say together: an entry of either counts, and so does an answer of either."""
    lists = {name: _together(getattr(first, name), getattr(second, name)) for name in LISTS}
    said = [one.pregnant for one in (first, second) if one.pregnant is not None]
    low = first.low_oxygen_target or second.low_oxygen_target
    return BackgroundBody(**lists, pregnant=any(said) if said else None, low_oxygen_target=low)


def _together(mine: tuple[str, ...] | None, theirs: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if mine is None or theirs is None:
        return theirs if mine is None else mine
    known = {entry.casefold() for entry in mine}
    return (*mine, *(entry for entry in theirs if entry.casefold() not in known))


def tidy(body: BackgroundBody) -> BackgroundBody:
    """Return the lists without blank entries or spaces around the words."""
    lists = {name: _tidy(getattr(body, name)) for name in LISTS}
    return msgspec.structs.replace(body, **lists)


def _tidy(entries: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if entries is None else tuple(entry.strip() for entry in entries if entry.strip())


def wrong_background(body: BackgroundBody) -> dict[str, str]:
    """Return what cannot be saved, as field -> sentence."""
    too_much = N_("C’est trop long : 100 lignes de 300 lettres au plus.")
    return {name: too_much for name in LISTS if _is_too_much(getattr(body, name) or ())}


def _is_too_much(entries: tuple[str, ...]) -> bool:
    return len(entries) > ENTRIES_MAX or any(len(entry) > ENTRY_MAX for entry in entries)
