"""The keeper: while a server runs it looks after its keys, and says in the database which it has loaded.

every 2 s   look at the provider ── changed? ──> load, compare with the database ──> the vault uses the new keys
                                 ── gone, wrong, silent? ──> the vault is shut: 503 `sealed`, until they are back
every 10 s  write down what is loaded; forget opened keys if somebody was shredded meanwhile
SIGUSR2     forget all opened keys now

So a key that is added to the file is taken up without a restart. A systemd credential never changes while the
service runs: there a restart is needed, and `telecabin key promote` says so.
"""

import asyncio
import logging
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from server.database.engine import Database
from server.kernel.clock import Clock
from server.kernel.errors import ConfigError
from server.records.seal import store
from server.records.seal.envelope import KeysAway
from server.records.seal.providers import KeyProvider
from server.records.seal.start import admit
from server.records.seal.vault import PatientVault

log = logging.getLogger(__name__)

LOOK_EVERY = 2.0  # s: one stat of a small file
SAY_EVERY = 5  # looks
LIVE_FOR = timedelta(seconds=40)  # four missed words: the server is gone, or so slow that it will look again anyway
FORGOTTEN_AFTER = timedelta(days=1)


def node_name() -> str:
    """Return a name for this server that people can find: machine, process, and a few letters."""
    return f"{socket.gethostname()[:50]}-{os.getpid()}-{secrets.token_hex(3)}"


class KeyKeeper:
    """Keeps the vault of one running server in step with its provider and its database."""

    def __init__(
        self, database: Database, provider: KeyProvider, vault: PatientVault, now: Clock, node: str = ""
    ) -> None:
        self.node = node or node_name()
        self._database = database
        self._provider = provider
        self._vault = vault
        self._now = now
        self._seen: Hashable = None
        self._shredded_at: datetime | None = None
        self._looks = 0

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        """Look after the keys for the length of a block; the first look is done when it begins."""
        await self.look()
        stop = asyncio.Event()
        task = asyncio.create_task(self._run(stop), name="keys")
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError, RuntimeError, ValueError):  # only the main thread has signals
            loop.add_signal_handler(signal.SIGUSR2, self._vault.forget)
        try:
            yield
        finally:
            with suppress(NotImplementedError, RuntimeError, ValueError):
                loop.remove_signal_handler(signal.SIGUSR2)
            stop.set()  # not cancelled: a transaction that is cut looks like a database that does not answer
            await task
            with suppress(SQLAlchemyError, OSError):
                async with self._database.transaction() as tx:
                    await store.say_gone(tx, self.node)

    async def look(self) -> None:
        """Look once: load what is new, shut the records when the keys are away, open them when they are back."""
        try:
            seen = await asyncio.to_thread(self._provider.look)
            if seen != self._seen or self._vault.is_shut:
                await self._load(seen)
        except (ConfigError, KeysAway) as error:
            self._shut(str(error))
        except (SQLAlchemyError, OSError):
            log.exception("cannot look after the keys: the database does not answer")
        if self._looks % SAY_EVERY == 0:
            await self._say()
        self._looks += 1

    async def _run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY)
                return
            await self.look()

    async def _load(self, seen: Hashable) -> None:
        keyring = await asyncio.to_thread(self._provider.load)
        async with self._database.transaction() as tx:
            await admit(tx, keyring, self._now, self._provider.name)
            await store.say_loaded(tx, self.node, keyring.checks, self._now())
        if self._vault.is_shut:
            log.warning("records open again: the keys are back")
        self._vault.use(keyring)
        self._seen = seen

    async def _say(self) -> None:
        try:
            async with self._database.transaction() as tx:
                await store.say_loaded(tx, self.node, self._vault.keyring.checks, self._now())
                await store.forget_silent(tx, self._now() - FORGOTTEN_AFTER)
                primary, shredded_at = await store.primary_kek(tx), await store.last_shred(tx)
        except (SQLAlchemyError, OSError):
            log.exception("cannot look after the keys: the database does not answer")
            return
        if shredded_at != self._shredded_at:
            self._vault.forget()
            self._shredded_at = shredded_at
        if primary not in self._vault.keyring.master:
            self._shut(f"the database uses master key {primary}, and this server has not loaded it")

    def _shut(self, why: str) -> None:
        if not self._vault.is_shut:
            log.error("records shut", extra={"outcome": why})
        self._vault.shut()
