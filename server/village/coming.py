"""Books what is to come: some of the follow-ups that are open today, a few of them for today's day sheet.

open follow-ups ──▶ whose window holds today? ──▶ up to six today
               └──▶ the others ──▶ half a moment in the days to come, one to be called back, the rest unbooked
"""

from collections.abc import Collection
from datetime import date, timedelta
from random import Random

from server.kernel.access import Identity
from server.kernel.ids import PromiseId
from server.scheduler.service.views import PromiseLine
from server.village.chronicle import Chronicle
from server.village.clinic import Clinic

MOST_TODAY = 6
BOOKED = 0.55  # share of the other open follow-ups with a moment already


class Coming:
    """The appointments to come."""

    def __init__(self, clinic: Clinic, chronicle: Chronicle, today: date, rng: Random) -> None:
        self._clinic = clinic
        self._chronicle = chronicle
        self._today = today
        self._rng = rng

    async def book(self, unbooked: Collection[int]) -> None:
        """Book; the people in `unbooked` (by number) keep their follow-up open, so that a demo can book it."""
        open_now = [
            (self._chronicle.worker_of(number), promise_id)
            for number, promise_id in sorted(self._chronicle.promises.items())
            if number not in unbooked
        ]
        lines = await self._lines([who for who, _ in open_now])
        left = await self._book_today([(who, lines[one]) for who, one in open_now if one in lines])
        called_back = False
        for who, line in left:
            if line.latest_on < self._today:
                continue
            if self._rng.random() < BOOKED:
                await self._book_one(who, line)
            elif not called_back:
                await self._clinic.follow_ups.call_me_back(who, line.id)
                called_back = True

    async def _lines(self, workers: Collection[Identity]) -> dict[PromiseId, PromiseLine]:
        once = {who.login: who for who in workers}
        return {line.id: line for who in once.values() for line in await self._clinic.follow_ups.open_worklist(who)}

    async def _book_today(self, waiting: list[tuple[Identity, PromiseLine]]) -> list[tuple[Identity, PromiseLine]]:
        """Book up to six for today; return the others."""
        left, booked = [], 0
        for who, line in waiting:
            in_window = line.earliest_on <= self._today <= line.latest_on
            if booked < MOST_TODAY and in_window and await self._book_one(who, line, only=self._today):
                booked += 1
            else:
                left.append((who, line))
        return left

    async def _book_one(self, who: Identity, line: PromiseLine, only: date | None = None) -> bool:
        days = (line.latest_on - line.earliest_on).days + 1
        window = (line.earliest_on + timedelta(days=n) for n in range(days))
        other_days = ".".join(day.isoformat() for day in window if only is not None and day != only)
        answer = await self._clinic.follow_ups.proposals(who, line.id, after=other_days or None, wide=False)
        if not answer.choices:
            return False
        choice = self._rng.choice(answer.choices).choice
        await self._clinic.follow_ups.book(who, line.id, choice, f"coming-{line.id}")
        return True
