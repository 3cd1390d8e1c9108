"""Thirty mornings: what each cabin measured before it opened. Drawn from the seed, judged by the real table.

Most mornings are green. A village line is slow on some days, a lamp stays out, and once a camera was unplugged.
"""

from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import msgspec

from server.kernel.ids import CabinId
from server.readiness.rules import HISTORY_FOR, Check, Device, Figures, judge, seen
from server.village.places import ZONE

AT = time(7, 20)
JUST_NOW = timedelta(minutes=20)
"""The latest check is of today, also of a day that has only begun: the demo's cabins are ready."""
UNPLUGGED_DAYS_AGO = 9
_CHANCES = {"dark": 0.05, "slow": 0.07, "away": 0.06}


def mornings(cabin_id: CabinId, place: int, now: datetime, rng: Random) -> list[Check]:
    """Return the checks of a cabin up to `now`, in order; `place` tells the cabins apart, the first is the best."""
    today = now.astimezone(ZoneInfo(ZONE)).date()
    days = [today - timedelta(days=back) for back in range(HISTORY_FOR.days - 1, 0, -1)]
    checks = []
    for day in days:
        luck = rng.random()
        if luck < _CHANCES["away"]:
            continue  # the screen stayed off
        figures = _morning(
            rng, dark=rng.random() < _CHANCES["dark"], slow=rng.random() < _CHANCES["slow"] * (place + 1)
        )
        if place == 1 and (today - day).days == UNPLUGGED_DAYS_AGO:
            broken = msgspec.structs.replace(figures, camera=Device.ABSENT, light=None)
            checks.append(_check(cabin_id, _at(day), broken))
            checks.append(_check(cabin_id, _at(day) + timedelta(minutes=35), figures, asked=True))
        else:
            checks.append(_check(cabin_id, _at(day), figures))
    checks.append(_check(cabin_id, now - JUST_NOW, _morning(rng, dark=False, slow=False)))
    return checks


def _at(day: date) -> datetime:
    return datetime.combine(day, AT, ZoneInfo(ZONE))


def _check(cabin_id: CabinId, at: datetime, figures: Figures, *, asked: bool = False) -> Check:
    verdict = judge(seen(figures, ()))
    return Check(cabin_id, at, verdict.colour, verdict.fault, asked, figures)


def _morning(rng: Random, *, dark: bool, slow: bool) -> Figures:
    up = rng.uniform(120, 240) if slow else rng.uniform(700, 2600)
    return Figures(
        camera=Device.OK,
        microphone=Device.OK,
        light=round(rng.uniform(15, 40) if dark else rng.uniform(90, 160), 1),
        level_db=round(rng.uniform(-52, -44), 1),
        noise_db=round(rng.uniform(-66, -56), 1),
        tone_rise_db=round(rng.uniform(18, 34), 1),
        connected=True,
        connect_ms=round(rng.uniform(300, 900)),
        first_frame_ms=round(rng.uniform(500, 1500)),
        rtt_ms=round(rng.uniform(28, 75)),
        jitter_ms=round(rng.uniform(3, 18), 1),
        loss_up=round(rng.uniform(0, 0.012), 4),
        loss_down=round(rng.uniform(0, 0.006), 4),
        up_kbps=round(up),
        down_kbps=round(up * rng.uniform(1, 4)),
    )
