"""Which release of the zone rules this machine works with: kept beside every appointment."""

from importlib.resources import files
from pathlib import Path
from zoneinfo import TZPATH


def zones_release(paths: tuple[str, ...] = TZPATH) -> str:
    """Return the release of the IANA zone rules in use, as `2026f`: the system's if it has any, else the package's."""
    for path in paths:
        source = Path(path) / "tzdata.zi"
        if source.is_file():
            return _release(source.read_text(encoding="utf-8"))
    return _release((files("tzdata") / "zoneinfo" / "tzdata.zi").read_text(encoding="utf-8"))


def _release(rules: str) -> str:
    """Return the last word of the first line, which is `# version 2026f`."""
    return rules.partition("\n")[0].split()[-1][:20]
