"""Argon2id in a small bounded pool: 44 ms of CPU each, never on the event loop, never without limit."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from server.kernel.errors import TooMany
from server.kernel.words import N_

WORKERS = 2
QUEUE = 20  # waiting verifications; about half a second of work for two cores


def _hasher(time_cost: int, memory_kib: int) -> PasswordHasher:
    return PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)


@cache
def _dummy(time_cost: int, memory_kib: int) -> str:
    """What an unknown login is compared with: the same work as a known one; made once for these parameters."""
    return _hasher(time_cost, memory_kib).hash("nobody has this password")


class Passwords:
    """Hashes and verifies passwords. t=2, m=19 MiB, p=1: OWASP's and ASVS 11.4.2's parameters."""

    def __init__(self, *, time_cost: int = 2, memory_kib: int = 19_456) -> None:
        self._hasher = _hasher(time_cost, memory_kib)
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="argon2")
        self._waiting = 0
        self._dummy = _dummy(time_cost, memory_kib)

    async def hash(self, password: str) -> str:
        """Return the argon2id string of `password`."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._hasher.hash, password)

    async def fits(self, password: str, kept: str | None) -> bool:
        """Return whether `password` fits. With no kept hash the same time is spent, and the answer is no.

        Raises TooMany when 20 others are already waiting.
        """
        if self._waiting >= QUEUE:
            raise TooMany(N_("Trop de connexions à la fois. Attendez %(seconds)s secondes."), retry_after=2, seconds=2)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            good = await loop.run_in_executor(self._pool, self._verify, password, kept or self._dummy)
        finally:
            self._waiting -= 1
        return good and kept is not None

    def is_old(self, kept: str) -> bool:
        """Return whether the kept string has other parameters than ours."""
        return self._hasher.check_needs_rehash(kept)

    def close(self) -> None:
        """Stop the workers."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _verify(self, password: str, kept: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False
