"""Measures of telecabin against its goals: one module per area, each with `async def run() -> list[Figure]`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One measured number, what we want of it, and what floors and peers gave in the same run."""

    name: str
    value: float
    unit: str
    goal: str
    holds: bool
    beside: dict[str, float] = field(default_factory=dict)


def at_most(name: str, value: float, unit: str, goal: float, beside: dict[str, float] | None = None) -> Figure:
    """A figure that should be small: a delay, a size."""
    return Figure(name, value, unit, f"<= {goal:g}", value <= goal, beside or {})


def at_least(name: str, value: float, unit: str, goal: float, beside: dict[str, float] | None = None) -> Figure:
    """A figure that should be large: a throughput, a share."""
    return Figure(name, value, unit, f">= {goal:g}", value >= goal, beside or {})


def quantile(values: list[float], share: float) -> float:
    """The value that `share` of the measures do not exceed: 0.5 is the median, 0.95 the slow ones."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
