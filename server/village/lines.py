"""How the lines of the past visits' calls were: what both ends would have reported. Drawn from the seed.

Most lines hold. Locarn's is thin: its picture gets smaller, stops now and then, and the doctors hear it in pieces.
"""

from dataclasses import replace
from datetime import timedelta
from random import Random
from uuid import UUID

from server.encounters.quality_rules import Report, Side, Spread
from server.village.visits import Visit
from signalling.ladder import Rung
from signalling.protocol import Seat

TOLD_FOR = timedelta(weeks=5)
"""So far back there are reports: the coordination shows four weeks, and the present one."""
THIN = "locarn"
_SAID = 10  # s of a call before both ends are connected and after one hung up
_BAD_DAY = 0.12  # share of the visits of a good line that had a worse one: a storm, or somebody's downloads


def reports(visit: Visit, rng: Random) -> dict[Seat, Report]:
    """Return what each end says of the visit's one call; seconds as the other's, but for a few."""
    thin = visit.booth.village == THIN
    bad = rng.random() < (0.75 if thin else _BAD_DAY)
    lasted = visit.call_min * 60 - _SAID
    cabin = _report(lasted, rng, bad=bad, thin=thin)
    seconds = {**cabin.seconds, Rung.VIDEO: cabin.seconds[Rung.VIDEO] - rng.randint(0, 3)}
    heard = replace(cabin, seconds=seconds, lost=_spread(rng, 2, 14), hidden=_spread(rng, 3, 18))
    if bad:  # the cabin sends over the thin direction: the doctor hears what is lost there
        heard = replace(heard, lost=_spread(rng, 12, 70), hidden=_spread(rng, 15, 60))
    return {Seat.PATIENT: cabin, Seat.PRACTITIONER: heard}


def _report(lasted: int, rng: Random, *, bad: bool, thin: bool) -> Report:
    small = rng.randint(lasted // 6, lasted // 2) if bad else rng.randint(0, lasted // 20)
    still = rng.randint(20, lasted // 5) if bad and (thin or rng.random() < 0.3) else 0
    voice = rng.randint(0, lasted // 10) if still else 0
    cuts = rng.randint(0, 2) if bad else int(rng.random() < 0.06)
    return Report(
        call=UUID(int=rng.getrandbits(128), version=4),
        seconds={
            Rung.VIDEO: lasted - small - still - voice,
            Rung.SMALL: small,
            Rung.STILL: still,
            Rung.VOICE: voice,
        },
        weak={Side.CABIN if thin or rng.random() < 0.6 else Side.DOCTOR: small + still + voice},
        cuts=cuts,
        cut_for=sum(rng.randint(2, 9) for _ in range(cuts)),
        delay=_spread(rng, 95, 260) if thin else _spread(rng, 38, 120),
        jitter=_spread(rng, 12, 45) if bad else _spread(rng, 4, 16),
        lost=_spread(rng, 3, 16),
        hidden=_spread(rng, 4, 20),
    )


def _spread(rng: Random, middle: int, high: int) -> Spread:
    """Return a spread about as wide: a third more or less."""
    by = rng.uniform(0.7, 1.3)
    return Spread(round(middle * by), round(high * by))
