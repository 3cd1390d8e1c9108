"""The claims of this folder, and what becomes of them when somebody tries."""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path

from tests import components
from tests.components import Postgres

Attempt = Callable[[bool], Awaitable[tuple[int, int]]]
IN_SMALL = ContextVar("in_small", default=False)
"""The suite tries each claim a few times only, and sees that it bites; `make trust` tries it as often as it says."""
LENT: ContextVar[Postgres | None] = ContextVar("lent", default=None)
"""The cluster of the suite, while it runs: one that no claim kills serves all of them."""


def times(often: int, few: int) -> int:
    """How often to try: `often` in `make trust`, `few` in the suite."""
    return few if IN_SMALL.get() else often


@asynccontextmanager
async def empty_postgres(folder: Path) -> AsyncIterator[str]:
    """The address of an empty database: in the cluster that the suite lends, or else in one of our own in `folder`."""
    if (lent := LENT.get()) is None:
        with components.postgres(folder) as own:
            yield own.url(await own.create())
        return
    name = await lent.create()
    try:
        yield lent.url(name)
    finally:
        await lent.drop(name)


@dataclass(frozen=True)
class Claim:
    """One sentence about the house, and the attempts to break it: as many as modules share its id."""

    id: str
    sentence: str
    attempt: Attempt
    also: tuple[Attempt, ...] = ()

    def with_part(self, other: Claim) -> Claim:
        """Return both claims as one: it stands when every part does, and bites when every part bites."""
        sentence = f"{self.sentence}; {other.sentence[:1].lower()}{other.sentence[1:]}"
        return replace(self, sentence=sentence, also=(*self.also, other.attempt, *other.also))


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
    by_id: dict[str, Claim] = {}
    for path in sorted(Path(__file__).parent.glob("t[0-9]*.py")):
        module = importlib.import_module(f"tests.trust.{path.stem}")
        part = Claim(module.ID, module.CLAIM, module.attempt)
        by_id[part.id] = by_id[part.id].with_part(part) if part.id in by_id else part
    found = list(by_id.values())
    found.sort(key=lambda claim: [int(part) for part in re.findall(r"\d+", claim.id)])
    unknown = wanted - {claim.id.upper() for claim in found}
    if unknown:
        raise LookupError(f"no such claim: {', '.join(sorted(unknown))}")
    return [claim for claim in found if not wanted or claim.id.upper() in wanted]


async def _try(claim: Claim, defence: bool) -> list[Verdict]:
    """Try each part of a claim."""
    verdicts = []
    for attempt in (claim.attempt, *claim.also):
        started = time.monotonic()
        try:
            tried, held = await attempt(defence)
            trouble = ""
        except Exception as error:  # a claim that cannot be tried has not held; the others are still tried
            tried, held, trouble = 0, 0, f"{type(error).__name__}: {error}"
        seconds = round(time.monotonic() - started, 2)
        verdicts.append(Verdict(claim.id, claim.sentence, tried, held, seconds, trouble=trouble))
    return verdicts


def _whole(parts: list[Verdict]) -> Verdict:
    """Put the parts together; a part that was not tried leaves the whole untried."""
    tried = sum(part.tried for part in parts) if all(part.tried for part in parts) else 0
    held, seconds = sum(part.held for part in parts), round(sum(part.seconds for part in parts), 2)
    trouble = "; ".join(part.trouble for part in parts if part.trouble)
    return replace(parts[0], tried=tried, held=held, seconds=seconds, trouble=trouble)


async def judge(claim: Claim) -> Verdict:
    """Try to break a claim with its defence on."""
    return _whole(await _try(claim, True))


async def judge_and_bite(claim: Claim) -> Verdict:
    """Try with the defence on, then off: a test that holds without the defence proves nothing."""
    verdict, without = _whole(await _try(claim, True)), await _try(claim, False)
    trouble = verdict.trouble or "; ".join(part.trouble for part in without if part.trouble)
    return replace(verdict, bites=all(part.held < part.tried for part in without), trouble=trouble)
