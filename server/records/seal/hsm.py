"""Master keys that never leave an HSM, spoken to by PKCS#11 (an optional extra: `pip install telecabin[hsm]`).

    hsm file (private) ──> library, token, pin ──> session ──> AES-256-GCM by key label “telecabin-k1”
                      └──> index key, wrapped under a master key: blind indexes are computed here, in memory

A wrong tag and a device that is gone can raise the same error, so after a refusal the key is asked for its check
value: if it answers, the wrapped key was bad; if not, the keys are away.
"""

import hashlib
import importlib
import os
import threading
from collections.abc import Hashable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import msgspec
from cryptography.exceptions import InvalidTag

from server.kernel.errors import ConfigError
from server.records.seal.envelope import (
    KEY_SIZE,
    NONCE_SIZE,
    IndexKey,
    KeysAway,
    MasterKey,
    check_value,
    lp,
    wipe,
)
from server.records.seal.keyring import KeyFileMade, Keyring, next_id
from server.records.seal.private import SETTING, UNCHANGED, read_private, replace_whole, stamp, write_new


class _Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    check: str


class _WrappedIndex(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    check: str
    under: str
    wrapped: bytes


class HsmFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which HSM, and which of its keys. `pin_file` holds the user's PIN alone."""

    format: Literal["telecabin-hsm/1"]
    library: str
    token: str
    pin_file: str
    master: list[_Listed]
    index: _WrappedIndex

    def encoded(self) -> bytes:
        """Return the file's bytes."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


class Token:
    """One token of an HSM, opened when first asked, and again after it was away."""

    def __init__(self, library: str, token: str, pin_file: Path) -> None:
        self._library, self._token, self._pin_file = library, token, pin_file
        self._lock = threading.RLock()  # one session serves one call at a time
        self._session: Any = None
        self._was_away = False
        self._keys: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<Token {self._token}>"

    def cipher(self, kid: str, *, decrypt: bool, nonce: bytes, body: bytes | bytearray, aad: bytes) -> bytes:
        """Encrypt or decrypt by AES-256-GCM with key `kid`; whatever goes wrong raises KeysAway."""
        pkcs11 = _pkcs11()
        with self._lock:
            try:
                key = self._key(kid)
                work = key.decrypt if decrypt else key.encrypt
                way = {"mechanism": pkcs11.Mechanism.AES_GCM, "mechanism_param": pkcs11.GCMParams(nonce, aad, 128)}
                return bytes(work(bytes(body), **way))
            except (pkcs11.PKCS11Error, ConfigError, OSError, RuntimeError) as error:
                self._forget()
                raise KeysAway(type(error).__name__) from None

    def check(self, kid: str) -> str:
        """Return the check value of a key that cannot be read: it seals eight zero bytes under a fixed nonce."""
        nonce = hashlib.sha256(b"telecabin/kcv|" + kid.encode()).digest()[:NONCE_SIZE]
        return self.cipher(kid, decrypt=False, nonce=nonce, body=bytes(8), aad=b"")[:8].hex()

    def make(self, kid: str) -> None:
        """Make a key inside the HSM: 256 bits, never to be read."""
        pkcs11 = _pkcs11()
        with self._lock:
            try:
                kind, label = pkcs11.ObjectClass.SECRET_KEY, f"telecabin-{kid}"
                found = {pkcs11.Attribute.CLASS: kind, pkcs11.Attribute.LABEL: label}
                if list(self._opened().get_objects(found)):
                    raise ConfigError(f"the HSM holds a key {label} already: it is kept. {UNCHANGED}")
                never = {pkcs11.Attribute.EXTRACTABLE: False, pkcs11.Attribute.SENSITIVE: True}
                self._opened().generate_key(pkcs11.KeyType.AES, 8 * KEY_SIZE, label=label, store=True, template=never)
            except (pkcs11.PKCS11Error, OSError, RuntimeError) as error:
                self._forget()
                raise ConfigError(f"the HSM did not make {kid} ({type(error).__name__}). {UNCHANGED}") from None

    def _key(self, kid: str) -> Any:
        if kid not in self._keys:
            kind = _pkcs11().ObjectClass.SECRET_KEY
            self._keys[kid] = self._opened().get_key(object_class=kind, label=f"telecabin-{kid}")
        return self._keys[kid]

    def _opened(self) -> Any:
        if self._session is None:
            pin = read_private(self._pin_file)
            try:
                library = _pkcs11().lib(self._library)
                if self._was_away:  # a library may go on with what it knew of the device before
                    library.reinitialize()
                self._session = _login(library.get_token(token_label=self._token), pin.decode().strip())
                self._was_away = False
            finally:
                wipe(pin)
        return self._session

    def _forget(self) -> None:
        if self._session is not None:
            with suppress(Exception):  # a device that is gone cannot be closed either
                self._session.close()
        self._session, self._was_away = None, True
        self._keys.clear()


class HsmCipher:
    """A `Cipher` whose key stays in the HSM."""

    def __init__(self, token: Token, kid: str, check: str) -> None:
        self._token, self._kid, self._check = token, kid, check

    def __repr__(self) -> str:
        return f"<HsmCipher {self._kid}>"

    def encrypt(self, nonce: bytes, data: bytes | bytearray, associated_data: bytes | None, /) -> bytes:
        """Return ciphertext and tag; raises KeysAway."""
        return self._token.cipher(self._kid, decrypt=False, nonce=nonce, body=data, aad=associated_data or b"")

    def decrypt_into(self, nonce: bytes, data: bytes, associated_data: bytes | None, buf: bytearray, /) -> int:
        """Write the plaintext into `buf`; raises InvalidTag when the HSM answers but refuses this, else KeysAway."""
        try:
            opened = self._token.cipher(self._kid, decrypt=True, nonce=nonce, body=data, aad=associated_data or b"")
        except KeysAway:
            if self._token.check(self._kid) == self._check:
                raise InvalidTag from None
            raise
        buf[:] = opened
        return len(opened)


class HsmProvider:
    """Keys in an HSM; the file at `path` says which."""

    name = "pkcs11"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tokens: dict[tuple[str, str], Token] = {}

    def load(self) -> Keyring:
        """Open the token and compare the check value of every key that the file lists."""
        file = self._file()
        token = self._token(file)
        try:
            for listed in file.master:
                found = token.check(listed.id)
                if found != listed.check:
                    raise ConfigError(
                        f"{SETTING}: {self.path}: the HSM's key {listed.id} is another one "
                        f"(check {found}, expected {listed.check}). {UNCHANGED}"
                    )
            master = {one.id: self._master(token, one.id, one.check) for one in file.master}
            return Keyring(master, _index(file, token))
        except KeysAway as away:
            raise ConfigError(
                f"{SETTING}: the HSM of {self.path} does not answer, or lacks a key ({away}). "
                f"Look at the device, its PIN and the token “{file.token}”. {UNCHANGED}"
            ) from None

    def look(self) -> Hashable:
        """Look at the file, and ask the newest key for its check value."""
        found = stamp(self.path)
        file = self._file()
        newest = file.master[-1]
        if self._token(file).check(newest.id) != newest.check:
            raise KeysAway("another key answers")
        return found

    def add(self) -> KeyFileMade:
        """Make one more key inside the HSM and list it."""
        file = self._file()
        kid = next_id(listed.id for listed in file.master)
        token = self._token(file)
        token.make(kid)
        new = _Listed(kid, token.check(kid))
        replace_whole(self.path, msgspec.structs.replace(file, master=[*file.master, new]).encoded())
        return KeyFileMade(self.path, {new.id: new.check})

    def drop(self, kid: str) -> None:
        """List the key no more, and wrap the index key anew if it lay under it. The HSM keeps the key."""
        file = self._file()
        rest = [listed for listed in file.master if listed.id != kid]
        if not rest:
            raise ConfigError(f"{kid} is the only master key of {self.path}: it stays. {UNCHANGED}")
        index = file.index
        if index.under == kid:
            token, key = self._token(file), _bare_index(file, self._token(file))
            index = _wrapped(token, rest[-1].id, index.id, key)
            wipe(key)
        replace_whole(self.path, msgspec.structs.replace(file, master=rest, index=index).encoded())

    def _file(self) -> HsmFile:
        raw = read_private(self.path)
        try:
            found = msgspec.json.decode(raw, type=HsmFile)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ConfigError(f"{SETTING}: {self.path} does not say which HSM ({error}). {UNCHANGED}") from None
        if not found.master:
            raise ConfigError(f"{SETTING}: {self.path} lists no master key. {UNCHANGED}")
        return found

    def _token(self, file: HsmFile) -> Token:
        where = (file.library, file.token)
        if where not in self._tokens:
            self._tokens[where] = Token(file.library, file.token, Path(file.pin_file))
        return self._tokens[where]

    def _master(self, token: Token, kid: str, check: str) -> MasterKey:
        return MasterKey(kid, check, HsmCipher(token, kid, check), remote=True)


def init_hsm(path: Path, library: str, token_label: str, pin_file: Path) -> KeyFileMade:
    """Make the first master key inside an HSM and an index key wrapped under it; write the file that says so."""
    if path.exists():
        raise ConfigError(f"{path} exists: it may name the only keys of a database. {UNCHANGED}")
    token = Token(library, token_label, pin_file)
    token.make("k1")
    key = bytearray(os.urandom(KEY_SIZE))
    index = _wrapped(token, "k1", "i1", key)
    wipe(key)
    master = _Listed("k1", token.check("k1"))
    made = HsmFile("telecabin-hsm/1", library, token_label, str(pin_file), [master], index)
    write_new(path, made.encoded())
    return KeyFileMade(path, {master.id: master.check, index.id: index.check})


def _aad(kid: str, under: str) -> bytes:
    return lp(b"telecabin/index/v1", kid.encode(), under.encode())


def _wrapped(token: Token, under: str, kid: str, key: bytearray) -> _WrappedIndex:
    nonce = os.urandom(NONCE_SIZE)
    sealed = token.cipher(under, decrypt=False, nonce=nonce, body=key, aad=_aad(kid, under))
    return _WrappedIndex(kid, check_value(key, kid), under, nonce + sealed)


def _bare_index(file: HsmFile, token: Token) -> bytearray:
    nonce, body = file.index.wrapped[:NONCE_SIZE], file.index.wrapped[NONCE_SIZE:]
    aad = _aad(file.index.id, file.index.under)
    return bytearray(token.cipher(file.index.under, decrypt=True, nonce=nonce, body=body, aad=aad))


def _index(file: HsmFile, token: Token) -> IndexKey:
    key = _bare_index(file, token)
    try:
        found = IndexKey(file.index.id, key)
        if found.check != file.index.check:
            raise ConfigError(f"{SETTING}: the index key {file.index.id} is damaged. {UNCHANGED}")
        return found
    finally:
        wipe(key)


def _login(token: Any, pin: str) -> Any:
    try:
        return token.open(user_pin=pin, rw=True)
    except _pkcs11().UserAlreadyLoggedIn:  # by another session of this process: it counts for all
        return token.open(rw=True)


def _pkcs11() -> Any:
    try:
        return importlib.import_module("pkcs11")
    except ImportError:
        raise ConfigError(
            f"{SETTING}: pkcs11: needs one package more: pip install telecabin[hsm]. {UNCHANGED}"
        ) from None
