"""The release of the zone rules is known, from the system or from the package."""

from __future__ import annotations

import re
from pathlib import Path

from server.scheduler.zones import zones_release


def test_the_systems_rules_go_before_the_packages(tmp_path: Path) -> None:
    (tmp_path / "tzdata.zi").write_text("# version 2031b\nZ Europe/Paris …\n", encoding="utf-8")
    assert zones_release((str(tmp_path),)) == "2031b"
    assert re.fullmatch(r"20\d\d[a-z]", zones_release(()))
