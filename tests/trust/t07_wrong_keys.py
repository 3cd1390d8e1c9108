"""T7: a key that is missing, wrong, damaged or badly kept stops the start, with exit code 78 and a clear sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path

from server.database.engine import Database
from server.database.migrate import migrate
from server.kernel.clock import utc_now
from server.records.seal.envelope import check_value
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from tests.server.records.village import add_patient, settle

ID = "T7"
CLAIM = "No start with a wrong, missing or badly kept master key: exit code 78, and a sentence that says what to do"
ROOT = Path(__file__).parent.parent.parent

# One program tries every start: where it would listen, it says that it started instead.
STARTS = """
import contextlib, io, json, os, sys
import server.cli
import server.serving
from server.kernel.errors import ConfigError

class Started(BaseException):
    pass

async def started(*_words):
    raise Started

server.serving._listen = started
said = {}
for name, settings in json.load(sys.stdin).items():
    for setting in [each for each in os.environ if each.startswith("TELECABIN_")]:
        del os.environ[setting]
    os.environ.update(settings)
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors):
        try:
            server.cli.main(["serve"])
        except Started:
            code = 0
        except SystemExit as ended:
            code = ended.code
    said[name] = [code, errors.getvalue()]
print(json.dumps(said))
"""
# Without the checks the keys are taken as they come.
CARELESS = """
from pathlib import Path
from server.records.seal import keyring, private, providers, start
private._refuse_unless_private = lambda *_: None
start._refuse_other = start._refuse_absent = lambda *_: None
keyring._examine = lambda *_: None
_load = start._load
def load(provider):
    try:
        return _load(provider)
    except Exception:
        keyring.init_key(Path(provider.path).with_name("made-by-itself.json"))
        return keyring.load_keyring(Path(provider.path).with_name("made-by-itself.json"))
start._load = load
"""


@dataclass(frozen=True)
class Start:
    """One start with keys that are not right, and what must be said."""

    database: str
    key_file: str
    says: tuple[str, ...]


async def databases(folder: Path) -> Path:
    """Make an empty database, and one that holds a patient; return the patient's key file."""
    good = init_key(folder / "good.json").path
    for name in ("empty", "full"):
        database = Database(f"sqlite:///{folder}/{name}.db")
        await migrate(database)
        if name == "full":
            village, vault = await settle(database), await unlock(database, good, utc_now)
            async with database.transaction() as tx:
                await add_patient(tx, vault, village, utc_now)
        await database.close()
    return good


def _written(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(0o600)
    return path


def starts(folder: Path, good: Path) -> dict[str, Start]:
    """The eight ways not to have the right key."""
    keys = json.loads(good.read_text())
    first = keys["master"][0]
    other_id = {**first, "id": "k9", "check": check_value(b64decode(first["key"]), "k9")}
    other = init_key(folder / "other.json")
    public, link = _written(folder / "public.json", keys), folder / "there" / "keys.json"
    public.chmod(0o644)
    link.parent.mkdir()
    link.symlink_to(good)
    renamed = _written(folder / "renamed.json", {**keys, "master": [other_id]})
    damaged = _written(folder / "damaged.json", {**keys, "master": [{**first, "check": "0" * 16}]})
    needs = "1 patient key needs master key k1"
    return {
        "no key, empty database": Start("empty", "", ("no master key: run “telecabin key init”",)),
        "no provider": Start("full", "", (needs, "no key provider is set (TELECABIN_KEK_FILE)")),
        "file absent": Start("full", str(folder / "none.json"), ("none.json: No such file or directory",)),
        "key absent": Start("full", str(renamed), (needs, "the key file has k9", "telecabin key recover")),
        "another key": Start(
            "full",
            str(other.path),
            ("key k1 is not the key that sealed this database", other.checks["k1"], first["check"]),
        ),
        "readable by all": Start("full", str(public), ("can be read by others (mode 0644)", "chmod 600")),
        "a link that leaves": Start("full", str(link), ("is a link that leaves its folder",)),
        "damaged": Start("full", str(damaged), ("key k1 is damaged", "Put the offline copy")),
    }


def tried(folder: Path, cases: dict[str, Start], prelude: str = "") -> dict[str, tuple[int, str]]:
    """Start the server in every way; the exit code and what it said."""
    settings = {
        name: {
            "TELECABIN_DATABASE_URL": f"sqlite:///{folder}/{case.database}.db",
            "TELECABIN_CACHE_DIR": str(ROOT / "var/tests"),
            **({"TELECABIN_KEK_FILE": case.key_file} if case.key_file else {}),
        }
        for name, case in cases.items()
    }
    command = [sys.executable, "-c", prelude + STARTS]
    ended = subprocess.run(
        command, input=json.dumps(settings), capture_output=True, text=True, timeout=300, check=False, cwd=ROOT
    )
    if ended.returncode:
        raise RuntimeError(ended.stderr[-2000:])
    return {name: (code, said) for name, (code, said) in json.loads(ended.stdout.splitlines()[-1]).items()}


def key_files(folder: Path) -> set[str]:
    """The key files of a folder: no start makes one."""
    return {path.name for path in folder.rglob("*.json")}


def holds(case: Start, code: int, said: str) -> bool:
    """Whether the start was refused as it must be."""
    sentence = said.rstrip()
    return (
        code == os.EX_CONFIG
        and all(words in sentence for words in case.says)
        and sentence.endswith("Nothing was changed.")
        and "Traceback" not in sentence
    )


async def attempt(defence: bool) -> tuple[int, int]:
    """Try the eight starts, and see that none of them made a key."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = starts(folder, await databases(folder))
        files = key_files(folder)
        found = tried(folder, cases, "" if defence else CARELESS)
        made = key_files(folder) - files
        held = sum(holds(case, *found[name]) for name, case in cases.items())
    return len(cases), held if not made else 0
