"""The claims of this folder, and what becomes of them when somebody tries."""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path

Attempt = Callable[[bool], Awaitable[tuple[int, int]]]
IN_SMALL = ContextVar("in_small", default=False)
"""The suite tries each claim a few times only, and sees that it bites; `make trust` tries it as often as it says."""


def times(often: int, few: int) -> int:
    """How often to try: `often` in `make trust`, `few` in the suite."""
    return few if IN_SMALL.get() else often


@dataclass(frozen=True)
class Claim:
    """One sentence about the house, and the attempt to break it."""

    id: str
    sentence: str
    attempt: Attempt


@dataclass(frozen=True)
class Verdict:
    """What came of one claim; `bites` when it was seen to fail with its defence off."""

    id: str
    claim: str
    tried: int
    held: int
    seconds: float
    bites: bool = False
    trouble: str = ""

    @property
    def stands(self) -> bool:
        """Whether something was tried and the claim held every time."""
        return self.tried > 0 and self.held == self.tried

    def line(self) -> str:
        """As people read it."""
        return f"{self.id} {self.claim} | {self.tried} | {self.held} | {self.seconds:.1f}"


def claims(only: Iterable[str] = ()) -> list[Claim]:
    """The claims of this folder, in their order; those of `only` when it names some."""
    wanted = {name.upper() for name in only}
    found = []
    for path in Path(__file__).parent.glob("t[0-9]*.py"):
        module = importlib.import_module(f"tests.trust.{path.stem}")
        found.append(Claim(module.ID, module.CLAIM, module.attempt))
    found.sort(key=lambda claim: [int(part) for part in re.findall(r"\d+", claim.id)])
    unknown = wanted - {claim.id.upper() for claim in found}
    if unknown:
        raise LookupError(f"no such claim: {', '.join(sorted(unknown))}")
    return [claim for claim in found if not wanted or claim.id.upper() in wanted]


async def _try(claim: Claim, defence: bool) -> Verdict:
    started = time.monotonic()
    try:
        tried, held = await claim.attempt(defence)
        trouble = ""
    except Exception as error:  # a claim that cannot be tried has not held; the others are still tried
        tried, held, trouble = 0, 0, f"{type(error).__name__}: {error}"
    return Verdict(claim.id, claim.sentence, tried, held, round(time.monotonic() - started, 2), trouble=trouble)


async def judge(claim: Claim) -> Verdict:
    """Try to break a claim with its defence on."""
    return await _try(claim, True)


async def judge_and_bite(claim: Claim) -> Verdict:
    """Try with the defence on, then off: a test that holds without the defence proves nothing."""
    verdict = await _try(claim, True)
    without = await _try(claim, False)
    return replace(verdict, bites=without.held < without.tried, trouble=verdict.trouble or without.trouble)
