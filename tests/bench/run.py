"""Runs one area of the measures: a table for people, then one line of JSON. See `make bench`."""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import json
import os
import platform
import sys
from pathlib import Path

from tests.bench import Figure

REPORTS = Path(__file__).parent.parent.parent / "reports"
NOT_AREAS = {"__init__", "run"}


def areas() -> list[str]:
    """The areas that can be measured."""
    found = {path.stem for path in Path(__file__).parent.glob("*.py")}
    return sorted(name for name in found - NOT_AREAS if not name.startswith("test_"))


def machine() -> str:
    """What these numbers were measured on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        named = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = named[0] if named else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release()}"
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {system}, Python {platform.python_version()}"


def table(figures: list[Figure]) -> str:
    """The figures as people read them."""
    rows = [("figure", "value", "unit", "goal", "holds", "beside")]
    for figure in figures:
        beside = ", ".join(f"{name} {value:.4g}" for name, value in figure.beside.items())
        holds = "yes" if figure.holds else "NO"
        rows.append((figure.name, f"{figure.value:.4g}", figure.unit, figure.goal, holds, beside))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def report(area: str, figures: list[Figure]) -> str:
    """The figures as one line of JSON."""
    listed = [dataclasses.asdict(figure) for figure in figures]
    return json.dumps({"area": area, "machine": machine(), "figures": listed}, ensure_ascii=False)


def main(arguments: list[str]) -> int:
    """Measure one area; 0 when every goal holds, 1 when one does not."""
    if len(arguments) != 1 or arguments[0] not in areas():
        print(f"make bench AREA=… measures one of: {', '.join(areas()) or 'nothing yet'}", file=sys.stderr)
        return 64
    area = arguments[0]
    figures: list[Figure] = asyncio.run(importlib.import_module(f"tests.bench.{area}").run())
    print(f"{area}, measured on {machine()}\n\n{table(figures)}\n")
    told = report(area, figures)
    REPORTS.mkdir(exist_ok=True)
    (REPORTS / f"bench-{area}.json").write_text(told + "\n", encoding="utf-8")
    print(told)
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
