"""Where the master keys live: one small interface, and the provider that TELECABIN_KEK_FILE names.

    file:/run/credentials/…/kek   a private file (the default; the word “file:” may be left out)
    env:NAME                      the same JSON in an environment variable: development only
    pkcs11:/etc/telecabin/hsm     keys that never leave an HSM; the file says which one (`hsm`)

A key service (Vault, a cloud's KMS) is one more class with these five members, and one more line in `provider_of`:
`wrap` and `unwrap` go through a `Cipher` whose associated data is the service's encryption context.
"""

import os
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Protocol

from server.kernel.errors import ConfigError
from server.records.seal import keyring
from server.records.seal.hsm import HsmProvider
from server.records.seal.keyring import KeyFileMade, Keyring
from server.records.seal.private import SETTING, UNCHANGED, stamp


class KeyProvider(Protocol):
    """Who keeps the master keys. The rest of the house knows this, and nothing more of where they are."""

    @property
    def name(self) -> str:
        """How the database names it."""

    def load(self) -> Keyring:
        """Return the keys, ready to wrap and unwrap; raises ConfigError or KeysAway."""

    def look(self) -> Hashable:
        """Return what changes when keys may have changed; raises ConfigError or KeysAway when they are away."""

    def add(self) -> KeyFileMade:
        """Make one more master key, because a person asked."""

    def drop(self, kid: str) -> None:
        """Give up a master key that nothing needs any more."""


class FileProvider:
    """Keys in a private file of this machine."""

    name = "file"

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Keyring:
        """Read the file."""
        return keyring.load_keyring(self.path)

    def look(self) -> Hashable:
        """Look at the file's place, time and rights; it is read again only when they change."""
        return stamp(self.path)

    def add(self) -> KeyFileMade:
        """Append a key to the file."""
        return keyring.add_key(self.path)

    def drop(self, kid: str) -> None:
        """Take a key out of the file."""
        keyring.drop_key(self.path, kid)


class EnvProvider:
    """Keys in an environment variable: for development. Other programs of the user can read it, and it lives long."""

    name = "env"

    def __init__(self, variable: str, environ: Mapping[str, str]) -> None:
        self._variable = variable
        self._environ = environ

    def load(self) -> Keyring:
        """Read the variable."""
        text = self._environ.get(self._variable)
        if text is None:
            raise ConfigError(f"{SETTING}: there is no environment variable {self._variable}. {UNCHANGED}")
        return keyring.keyring_of(keyring.parse(f"the variable {self._variable}", bytearray(text.encode())))

    def look(self) -> Hashable:
        """A variable never changes while we run."""
        return self._variable

    def add(self) -> KeyFileMade:
        """Refuse: nobody can write into the environment of a running program."""
        raise ConfigError(f"keys in a variable are for development: keep them in a file to add one. {UNCHANGED}")

    def drop(self, kid: str) -> None:
        """Refuse, for the same reason."""
        raise ConfigError(f"keys in a variable are for development: take {kid} out of it yourself. {UNCHANGED}")


_KINDS: Mapping[str, Callable[[str], KeyProvider]] = {
    "file": lambda rest: FileProvider(Path(rest)),
    "env": lambda rest: EnvProvider(rest, os.environ),
    "pkcs11": lambda rest: HsmProvider(Path(rest)),
}


def provider_of(setting: str) -> KeyProvider:
    """Return the provider that TELECABIN_KEK_FILE names; a plain path is a file."""
    kind, colon, rest = setting.partition(":")
    if not colon or "/" in kind:
        return FileProvider(Path(setting))
    if kind not in _KINDS or not rest:
        raise ConfigError(
            f"{SETTING}: unknown provider “{kind}”. Use file:/path/to/keys.json, env:NAME or pkcs11:/path/to/hsm.json. "
            f"{UNCHANGED}"
        )
    return _KINDS[kind](rest)
