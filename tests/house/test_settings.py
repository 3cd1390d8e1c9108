"""Every setting is documented where operators look, and nothing else is."""

from __future__ import annotations

import dataclasses
import re

from server.cli import COMMANDS
from server.config import PREFIX, Config, load
from tests.house.reading import ROOT

SETTINGS = {f"{PREFIX}{field.name.upper()}" for field in dataclasses.fields(Config)}
_SETTING = re.compile(rf"\b{PREFIX}[A-Z][A-Z0-9_]*\b")


def _named_in(path: str) -> set[str]:
    return set(_SETTING.findall((ROOT / path).read_text(encoding="utf-8")))


def test_env_example_shows_every_setting_and_no_other() -> None:
    assert _named_in("deploy/env.example") == SETTINGS


def test_the_readme_names_every_setting_and_no_other() -> None:
    assert _named_in("README.md") == SETTINGS


def test_the_other_papers_name_only_settings_that_exist() -> None:
    papers = [path for path in (ROOT / "deploy").iterdir() if path.is_file()]
    wrong = {path.name: sorted(_named_in(f"deploy/{path.name}") - SETTINGS) for path in papers}
    assert {name: settings for name, settings in wrong.items() if settings} == {}


def test_the_example_as_it_stands_is_a_configuration() -> None:
    lines = (ROOT / "deploy/env.example").read_text(encoding="utf-8").splitlines()
    shown = [line.lstrip("# ") for line in lines if _SETTING.match(line.lstrip("# ")) and "=" in line]
    load(dict(line.split("=", 1) for line in shown))


def test_the_papers_name_only_commands_that_exist() -> None:
    papers = [*(ROOT / "deploy").iterdir(), ROOT / "README.md", ROOT / "Makefile"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in papers if path.is_file())
    named = set(re.findall(r"(?:`|bin/|“)telecabin ([a-z]+)", text))
    assert named - set(COMMANDS) == set()
