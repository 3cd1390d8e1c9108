"""The judge of the claims is judged itself: it sees what holds, what breaks, and what proves nothing."""

from __future__ import annotations

import pytest

from tests.services import Postgres
from tests.trust.claims import IN_SMALL, LENT, Claim, claims, judge, judge_and_bite

QUICK = {"T5", "T7", "T14"}
SLOW = {"T8", "T19", "T20", "T23", "T24", "T26", "T27", "T29"}
"""By `make trust` alone: long, or a rate that a busy machine bends."""


def _claim(on: tuple[int, int], off: tuple[int, int]) -> Claim:
    async def attempt(defence: bool) -> tuple[int, int]:
        return on if defence else off

    return Claim("T0", "Nothing breaks.", attempt)


async def test_a_claim_that_holds_each_time_stands_and_bites() -> None:
    verdict = await judge_and_bite(_claim((5, 5), (5, 2)))
    assert verdict.stands
    assert verdict.bites
    assert verdict.line().startswith("T0 Nothing breaks. | 5 | 5 | ")


async def test_a_claim_that_breaks_once_does_not_stand() -> None:
    assert not (await judge(_claim((5, 4), (5, 4)))).stands


async def test_a_claim_that_was_never_tried_does_not_stand() -> None:
    assert not (await judge(_claim((0, 0), (0, 0)))).stands


async def test_a_claim_that_holds_without_its_defence_does_not_bite() -> None:
    assert not (await judge_and_bite(_claim((5, 5), (5, 5)))).bites


async def test_a_claim_that_cannot_be_tried_does_not_stand_and_says_why() -> None:
    async def attempt(defence: bool) -> tuple[int, int]:
        raise OSError("no database")

    verdict = await judge(Claim("T0", "Nothing breaks.", attempt))
    assert not verdict.stands
    assert "no database" in verdict.trouble


async def test_parts_of_one_claim_are_tried_and_judged_together() -> None:
    whole = _claim((5, 5), (5, 2)).with_part(_claim((3, 3), (3, 0)))
    verdict = await judge_and_bite(whole)
    assert (verdict.tried, verdict.held, verdict.stands, verdict.bites) == (8, 8, True, True)
    assert verdict.line().startswith("T0 Nothing breaks.; nothing breaks. | 8 | 8 | ")
    for lame in (_claim((3, 2), (3, 0)), _claim((0, 0), (3, 0))):
        assert not (await judge(_claim((5, 5), (5, 2)).with_part(lame))).stands
    assert not (await judge_and_bite(_claim((5, 5), (5, 2)).with_part(_claim((3, 3), (3, 3))))).bites


def test_an_unknown_claim_is_named() -> None:
    with pytest.raises(LookupError, match="T999"):
        claims(["T999"])


@pytest.mark.trust
@pytest.mark.timeout(300)
@pytest.mark.parametrize("claim", [one for one in claims() if one.id not in SLOW], ids=lambda claim: claim.id)
async def test_every_claim_stands(claim: Claim, postgres: Postgres) -> None:
    """The quick ones are tried without their defence too; `make trust SELF=1` does so with all."""
    before, lent = IN_SMALL.set(True), LENT.set(postgres)
    try:
        verdict = await (judge_and_bite if claim.id in QUICK else judge)(claim)
    finally:
        IN_SMALL.reset(before)
        LENT.reset(lent)
    assert verdict.stands, verdict
    assert verdict.bites or claim.id not in QUICK, f"{claim.id} held with its defence off: it proves nothing"
