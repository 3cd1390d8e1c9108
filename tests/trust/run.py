"""Tries to break every claim: one line each, and reports/trust.json. See `make trust`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from tests.trust.claims import Claim, Verdict, claims, judge, judge_and_bite

REPORT = Path(__file__).parent.parent.parent / "reports/trust.json"
FIELDS = ("id", "claim", "tried", "held", "seconds", "bites")


def _earlier() -> dict[str, dict[str, object]]:
    """The last report by id: what was not tried now is kept, and what was seen to bite too."""
    if not REPORT.exists():
        return {}
    return {entry["id"]: entry for entry in json.loads(REPORT.read_text(encoding="utf-8"))}


def write(verdicts: list[Verdict], bitten: bool) -> None:
    """Write the report; without `bitten`, a claim bites if it was seen to in an earlier run."""
    entries = _earlier()
    for verdict in verdicts:
        entry: dict[str, object] = {name: getattr(verdict, name) for name in FIELDS}
        if not bitten:
            entry["bites"] = entries.get(verdict.id, {}).get("bites", False)
        entries[verdict.id] = entry
    REPORT.parent.mkdir(exist_ok=True)
    ordered = sorted(entries.values(), key=lambda entry: int(str(entry["id"]).lstrip("T")))
    REPORT.write_text(json.dumps(ordered, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


async def _try_all(chosen: list[Claim], bite: bool) -> list[Verdict]:
    print("claim | tried | held | seconds" + (" | bites" if bite else ""), flush=True)
    verdicts = []
    for claim in chosen:
        verdict = await (judge_and_bite if bite else judge)(claim)
        shown = verdict.line() + (f" | {'yes' if verdict.bites else 'NO'}" if bite else "")
        print(shown + (f"\n    {verdict.trouble}" if verdict.trouble else ""), flush=True)
        verdicts.append(verdict)
    return verdicts


def main(arguments: list[str]) -> int:
    """Try the claims; 0 when every one stands (and, with --self, bites)."""
    parser = argparse.ArgumentParser(prog="make trust", description=__doc__)
    parser.add_argument("--only", default="", help="T4,T5: these alone")
    parser.add_argument("--self", dest="bite", action="store_true", help="see each fail with its defence off")
    asked = parser.parse_args(arguments)
    try:
        chosen = claims(filter(None, asked.only.split(",")))
    except LookupError as unknown:
        print(unknown, file=sys.stderr)
        return 64
    verdicts = asyncio.run(_try_all(chosen, asked.bite))
    write(verdicts, asked.bite)
    if not verdicts:
        print("Nothing was tried.", file=sys.stderr)
        return 1
    return 0 if all(verdict.stands and (verdict.bites or not asked.bite) for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
