"""Requests that may be sent twice: the same key gives the same answer, kept in the transaction of the act itself."""

import hashlib
import re
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.access import Identity, Role
from server.kernel.clock import Clock
from server.kernel.errors import Invalid
from server.kernel.words import N_
from server.scheduler import store
from server.scheduler.tables import IdempotencyKey

KEPT_FOR = timedelta(days=1)
CABIN_KEPT_FOR = timedelta(days=30)  # a cabin can be without a network for long
_KEY = re.compile(r"^[\w.:-]{8,64}$", re.ASCII)


class Intents:
    """What somebody wants to do once, under a key of theirs."""

    def __init__(self, now: Clock) -> None:
        self._now = now

    async def answered(self, tx: AsyncSession, who: Identity, key: str, body: str, answer: str) -> str | None:
        """Keep `answer` under the key and return None; or return what was answered to the same request before.

        Raises Invalid for a key that is malformed, or that was used for another request.
        """
        if not _KEY.match(key):
            raise Invalid(N_("Il manque la clé de cette demande, ou elle n’a pas la bonne forme."), code="no-key")
        request_hash = hashlib.sha256(body.encode()).digest()
        kept_for = CABIN_KEPT_FOR if who.role is Role.CABIN else KEPT_FOR
        kept_until = self._now() + kept_for
        row = IdempotencyKey(
            actor=who.account_id, key=key, request_hash=request_hash, response=answer, kept_until=kept_until
        )
        earlier = await store.remember(tx, row)
        if earlier is None:
            return None
        if earlier.request_hash != request_hash:
            raise Invalid(N_("Cette clé a déjà servi pour une autre demande. Rien n’a été changé."), code="key-reused")
        return earlier.response
