"""Plans in a child process, beside the event loop: a problem goes in, percents come out, then the plan.

stdin   one line of JSON: the problem and the seconds
stdout  one line of JSON every half second: {"percent": 40}; the last one: {"percent": 100, "plan": …, "desks": …}
"""

import asyncio
import os
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

import msgspec

from server.scheduler.rules.planning import Placed, Problem, cost_of
from server.scheduler.rules.planning_improve import first_come, greedy, improve

TOLD_EVERY = 0.5  # s
NICE = 10  # calls and pages go first
LONGEST_LINE = 2**26
START_FOR = 60.0  # s beyond the budget until a child counts as lost, on a busy machine


class Question(msgspec.Struct, frozen=True):
    """What the child is asked."""

    problem: Problem
    seconds: float
    seed: int = 0


class Told(msgspec.Struct, frozen=True):
    """How far it is; at the end, the plan, and what booking one by one would have given."""

    percent: int
    plan: tuple[Placed | None, ...] | None = None
    desks: tuple[Placed | None, ...] | None = None


class NotPlanned(Exception):
    """The child ended without a plan."""


Heard = Callable[[int], Awaitable[None]]
Make = Callable[[Question, Heard], Awaitable[Told]]


async def make(question: Question, heard: Heard) -> Told:
    """Have a child plan; `heard` is awaited with the percents. Raises NotPlanned; the child never outlives the call."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server.scheduler.planning.maker", stdin=PIPE, stdout=PIPE, limit=LONGEST_LINE
    )
    try:
        async with asyncio.timeout(question.seconds + START_FOR):
            if child.stdin is None or child.stdout is None:
                raise NotPlanned
            child.stdin.write(msgspec.json.encode(question) + b"\n")
            await child.stdin.drain()
            async for line in child.stdout:
                told = msgspec.json.decode(line, type=Told)
                if told.plan is not None:
                    return told
                await heard(told.percent)
            raise NotPlanned
    except (TimeoutError, OSError) as error:
        raise NotPlanned from error
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def plan(question: Question, tell: Callable[[Told], None]) -> Told:
    """Plan here and now, and tell how far it is."""
    problem, random = question.problem, Random(question.seed)
    begun = told_at = time.monotonic()

    def left() -> float:
        nonlocal told_at
        now = time.monotonic()
        gone = (now - begun) / question.seconds if question.seconds else 1.0
        if now - told_at >= TOLD_EVERY:
            told_at = now
            tell(Told(min(99, int(100 * gone))))
        return 1 - gone

    tell(Told(0))
    desks = first_come(problem, random)
    best = improve(greedy(problem, random), left)
    return Told(100, min(best, desks, key=lambda one: cost_of(problem, one)), desks)


def _answer() -> None:
    """Answer one question on the standard streams."""
    os.nice(NICE)
    question = msgspec.json.decode(sys.stdin.buffer.readline(), type=Question)

    def tell(told: Told) -> None:
        sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
        sys.stdout.buffer.flush()

    tell(plan(question, tell))


if __name__ == "__main__":
    _answer()
