"""The check at start: the keys at hand are those of this database, or the service does not start.

key file ──> keyring ──> does the database know these keys? does it need others? ──> PatientVault
"""

import logging
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from server.database.engine import Database
from server.kernel.clock import Clock
from server.kernel.errors import ConfigError
from server.records.seal import store
from server.records.seal.envelope import KeysAway
from server.records.seal.keyring import Keyring
from server.records.seal.private import SETTING
from server.records.seal.providers import KeyProvider, provider_of
from server.records.seal.store import KnownKey
from server.records.seal.vault import PatientVault

log = logging.getLogger(__name__)

_UNCHANGED = "Nothing was changed."


async def unlock(database: Database, key_file: Path | None, now: Clock) -> PatientVault:
    """Return the vault of this database; raises ConfigError when its keys are absent, wrong or badly kept."""
    provider = provider_of(str(key_file)) if key_file is not None else None
    keyring = _load(provider) if provider is not None else None
    if provider is not None and provider.name == "env":
        log.warning("the master keys come from a variable: for development only")
    async with database.transaction() as tx:
        return PatientVault(await admit(tx, keyring, now, provider.name if provider else ""), now)


def _load(provider: KeyProvider) -> Keyring:
    try:
        return provider.load()
    except KeysAway as away:
        raise ConfigError(f"{SETTING}: the keeper of the keys does not answer ({away}). {_UNCHANGED}") from None


async def admit(tx: AsyncSession, keyring: Keyring | None, now: Clock, provider: str = "file") -> Keyring:
    """Check `keyring` against the database, and write down the keys that it meets for the first time."""
    needed = await store.keys_in_need(tx)
    if keyring is None:
        raise ConfigError(_no_keyring(needed))
    known = await store.known_keys(tx)
    _refuse_absent(keyring, needed)
    _refuse_other(keyring, known)
    if any(key.state == "primary" and key.kid not in keyring.checks for key in known.values()):
        raise ConfigError(_primary_absent(keyring, known))
    for new in _newcomers(keyring, known):
        await store.add_known_key(tx, new, provider, now())
    _refuse_other(keyring, await store.known_keys(tx))
    return keyring


def _newcomers(keyring: Keyring, known: Mapping[str, KnownKey]) -> list[KnownKey]:
    """A fresh database takes the newest master key as primary; later ones wait, staged, for a promotion."""
    first = not any(key.purpose == "wrap" for key in known.values())
    fresh = [
        KnownKey(kid, "wrap", key.check, "primary" if first and key is keyring.newest else "staged")
        for kid, key in keyring.master.items()
        if kid not in known
    ]
    index = keyring.index
    return fresh if index.id in known else [*fresh, KnownKey(index.id, "index", index.check, "primary")]


def _no_keyring(needed: Mapping[str, int]) -> str:
    if not needed:
        return f"no master key: run “telecabin key init”, then set {SETTING}. {_UNCHANGED}"
    return f"{_needs(needed)}; no key provider is set ({SETTING}). {_UNCHANGED}"


def _refuse_absent(keyring: Keyring, needed: Mapping[str, int]) -> None:
    absent = {kid: count for kid, count in needed.items() if kid not in keyring.master}
    if absent:
        raise ConfigError(
            f"{_needs(absent)}; the key file has {', '.join(keyring.master)}. "
            f"Put the key file of this database back (its offline copy, or “telecabin key recover”) "
            f"and set {SETTING}. {_UNCHANGED}"
        )


def _refuse_other(keyring: Keyring, known: Mapping[str, KnownKey]) -> None:
    for kid, check in keyring.checks.items():
        if kid in known and known[kid].kcv != check:
            raise ConfigError(
                f"key {kid} is not the key that sealed this database "
                f"(check {check}, expected {known[kid].kcv}). Check {SETTING}. {_UNCHANGED}"
            )


def _primary_absent(keyring: Keyring, known: Mapping[str, KnownKey]) -> str:
    absent = [key.kid for key in known.values() if key.state == "primary" and key.kid not in keyring.checks]
    return (
        f"this database uses key {', '.join(absent)}; the key file has {', '.join(keyring.checks)}. "
        f"Put the key file of this database back (its offline copy) and set {SETTING}. {_UNCHANGED}"
    )


def _needs(needed: Mapping[str, int]) -> str:
    parts = []
    for kid, count in needed.items():
        number = f"{count:,}".replace(",", " ")
        parts.append(f"{number} patient key{'s need' if count > 1 else ' needs'} master key {kid}")
    return ", ".join(parts)
