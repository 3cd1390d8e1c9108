"""Calls for help: a cabin asks, somebody of its site answers « J’y vais », and the cabin sees who comes."""

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts import store as accounts_store
from server.audit.rules import Action
from server.audit.store import record
from server.encounters import store
from server.encounters.help_rules import (
    HelpCall,
    HelpKind,
    answered,
    asked,
    changes_in,
    is_late,
    is_open,
    outlives_goodbye,
)
from server.encounters.service.ground import Ground, cabin_of
from server.encounters.tables import HelpCallRow
from server.encounters.views import HelpAsked, HelpWaiting
from server.kernel.access import Act, Identity, require
from server.kernel.errors import Conflict, NotFound
from server.kernel.ids import CabinId, SiteId
from server.kernel.words import N_
from server.people import store as people_store
from server.people.tables import CabinRow

NO_SITE = N_("Votre compte n’est rattaché à aucun site.")
NOT_HERE = N_("Cette cabine n’est pas sur votre site.")
OVER = N_("Ce n’est plus la peine : la cabine ne demande plus d’aide.")


class HelpCalls:
    """The one open call for help of each cabin. Everybody who shows it is nudged when it changes."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def ask(self, who: Identity, kind: HelpKind = HelpKind.HELP) -> None:
        """Call somebody of the site to this cabin. Asking again keeps the first time."""
        require(who, Act.HELP_ASK)
        async with self._ground.database.transaction() as tx:
            cabin = await store.lock_cabin(tx, cabin_of(who))
            lines = await keep_asked(tx, self._ground, who, cabin, kind)
        await self._ground.nudge(lines)

    async def settle(self, who: Identity) -> None:
        """« C’est bon, merci »: close the call of this cabin. Twice is as good as once."""
        require(who, Act.HELP_ASK)
        async with self._ground.database.transaction() as tx:
            cabin = await store.lock_cabin(tx, cabin_of(who))
            row = await store.help_call(tx, cabin.id)
            lines = [] if row is None else await _close(tx, self._ground, who, row)
        await self._ground.nudge(lines)

    async def mine(self, who: Identity) -> HelpAsked | None:
        """Return the open call of this cabin, or None."""
        require(who, Act.HELP_ASK)
        now = self._ground.now()
        async with self._ground.database.reading() as tx:
            row = await store.help_call(tx, cabin_of(who))
            if row is None or not is_open(call := store.called(row), now):
                return None
            name = await _names(tx, [call])
        return HelpAsked(call.kind, bool(call.answered_at), name[call], is_late(call, now), changes_in(call, now))

    async def waiting(self, who: Identity) -> tuple[HelpWaiting, ...]:
        """Return the open calls of one's own site: emergencies first, then the oldest."""
        require(who, Act.HELP_ANSWER)
        now = self._ground.now()
        async with self._ground.database.reading() as tx:
            rows = await store.help_calls(tx, _site_of(who))
            calls = {row.cabin_id: call for row in rows if is_open(call := store.called(row), now)}
            if not calls:
                return ()
            cabins = {cabin.id: cabin.name for cabin in await people_store.cabins(tx, _site_of(who))}
            names = await _names(tx, calls.values())
        shown = (
            HelpWaiting(
                cabin_id=cabin_id,
                cabin=cabins[cabin_id],
                kind=call.kind,
                since=call.asked_at,
                is_answered=bool(call.answered_at),
                answered_by=names[call],
                is_mine=call.answered_by == who.account_id,
                changes_in=changes_in(call, now) if call.answered_at else None,
            )
            for cabin_id, call in calls.items()
        )
        return tuple(sorted(shown, key=lambda one: one.kind is not HelpKind.EMERGENCY))

    async def answer(self, who: Identity, cabin_id: CabinId) -> None:
        """« J’y vais »: tell the cabin who comes. Who said it first stays. Raises Conflict `help-over`."""
        require(who, Act.HELP_ANSWER)
        async with self._ground.database.transaction() as tx:
            cabin = await store.lock_cabin(tx, cabin_id)
            if cabin.site_id != _site_of(who):
                raise NotFound(NOT_HERE)
            row, now = await store.help_call(tx, cabin.id), self._ground.now()
            if row is None or not is_open(store.called(row), now):
                raise Conflict(OVER, code="help-over")
            if row.answered_at is None:
                _write(row, answered(store.called(row), who.account_id, now))
                await _note(tx, self._ground, who, Action.HELP_ANSWERED, row)
        await self._ground.nudge(_lines(cabin))


async def keep_asked(tx: AsyncSession, ground: Ground, who: Identity, cabin: CabinRow, kind: HelpKind) -> list[str]:
    """Keep in the caller's transaction that a cabin asked, and return whom to nudge. The caller locked the cabin."""
    row = await store.help_call(tx, cabin.id)
    known = store.called(row) if row else None
    call = asked(known, kind, ground.now())
    if row is None:
        row = HelpCallRow(cabin_id=cabin.id, site_id=cabin.site_id)
        tx.add(row)
    if call != known:
        _write(row, call)
        await _note(tx, ground, who, Action.HELP_ASKED, row)
    return _lines(cabin)


async def close_at_goodbye(tx: AsyncSession, ground: Ground, who: Identity, cabin: CabinRow) -> list[str]:
    """Close the call of a cabin whose visit is over, unless it is an emergency that nobody has answered."""
    row = await store.help_call(tx, cabin.id)
    if row is None or outlives_goodbye(store.called(row)):
        return []
    return await _close(tx, ground, who, row)


async def _close(tx: AsyncSession, ground: Ground, who: Identity, row: HelpCallRow) -> list[str]:
    if is_open(store.called(row), ground.now()):
        await _note(tx, ground, who, Action.HELP_SETTLED, row)
    await tx.delete(row)
    return _lines(row)


def _lines(one: CabinRow | HelpCallRow) -> list[str]:
    """Whom to nudge: the site, the cabin, and who watches the day."""
    cabin_id = one.id if isinstance(one, CabinRow) else one.cabin_id
    return [f"site:{one.site_id}", f"cabin:{cabin_id}", "queue"]


def _write(row: HelpCallRow, call: HelpCall) -> None:
    row.kind, row.asked_at = call.kind, call.asked_at
    row.answered_at, row.answered_by = call.answered_at, call.answered_by


async def _note(tx: AsyncSession, ground: Ground, who: Identity, action: Action, row: HelpCallRow) -> None:
    about = f"help_call:{row.cabin_id}"
    await record(tx, who, action, at=ground.now(), record=about, reason=row.kind.value)


async def _names(tx: AsyncSession, calls: Iterable[HelpCall]) -> dict[HelpCall, str]:
    """Return who answered each call; nothing where nobody did."""
    calls = list(calls)
    by = {call.answered_by for call in calls if call.answered_by}
    known = await accounts_store.names(tx, by) if by else {}
    return {call: known.get(call.answered_by, "") if call.answered_by else "" for call in calls}


def _site_of(who: Identity) -> SiteId:
    if who.site_id is None:
        raise NotFound(NO_SITE)
    return who.site_id
