"""The command itself: with a key that is absent, wrong or badly kept, the service ends with 78 and one sentence."""

from __future__ import annotations

from pathlib import Path

from tests.trust.t07_wrong_keys import Start, databases, holds, key_files, starts, tried


async def test_serve_does_not_start_without_the_right_key(tmp_path: Path) -> None:
    good = await databases(tmp_path)
    cases = starts(tmp_path, good)
    cases["another provider"] = Start("full", "vault:transit/k1", ("unknown provider “vault”",))
    cases["a variable that is not there"] = Start("full", "env:NO_KEYS", ("no environment variable NO_KEYS",))
    before = key_files(tmp_path)
    for name, (code, said) in tried(tmp_path, cases).items():
        assert holds(cases[name], code, said), (name, code, said)
    assert key_files(tmp_path) == before
