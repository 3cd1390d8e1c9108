"""Random programs against the services on a real SQLite file: whatever people do in whatever order, it holds."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from server.database.engine import Database
from server.encounters.rules import CancelReason, EncounterStatus, Reason, RedFlag
from server.encounters.service import Beginning
from server.kernel.errors import ClinicError
from server.kernel.ids import EncounterId, PatientId
from tests.clock import FakeClock
from tests.server.encounters.village import AGREED, NO_FLAGS, REFUSED, Village, settle

ends = st.integers(0, 1)
patients = st.integers(0, 2)
chosen = st.integers(0, 5)


class AnyDay(RuleBasedStateMachine):
    """Two cabins, two doctors, a nurse and three patients, who do what they like."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copyfile(self.template, self.folder / "day.sqlite")
        self.village, self.patients = self.loop.run(self._open())
        self.visits: list[EncounterId] = []
        self.fences: dict[EncounterId, int] = {}
        self.finished: set[EncounterId] = set()

    async def _open(self) -> tuple[Village, list[PatientId]]:
        database = Database(f"sqlite:///{self.folder}/day.sqlite")
        village = await settle(database, FakeClock(), self.folder)
        return village, [await village.patient() for _ in range(3)]

    def teardown(self) -> None:
        self.loop.run(self.village.database.close())
        self.loop.close()
        shutil.rmtree(self.folder)

    def _try(self, what: Callable[[], Awaitable[object]]) -> object:
        async def tried() -> object:
            self.village.clock.advance(seconds=20)
            try:
                return await what()
            except ClinicError:  # a refusal in words is an answer; anything else fails the test
                return None

        return self.loop.run(tried())

    def _cabin(self, end: int):  # type: ignore[no-untyped-def]
        return (self.village.cabin, self.village.other_cabin)[end]

    def _gp(self, end: int):  # type: ignore[no-untyped-def]
        return (self.village.gp, self.village.other_gp)[end]

    def _one(self, number: int) -> EncounterId | None:
        return self.visits[-1 - number % len(self.visits)] if self.visits else None

    @rule(end=ends, patient=patients)
    def arrives(self, end: int, patient: int) -> None:
        beginning = Beginning(self.patients[patient])
        visit = self._try(lambda: self.village.intake.arrive(self._cabin(end), beginning))
        if visit is not None and visit not in self.visits:
            self.visits.append(visit)  # type: ignore[arg-type]

    @rule(end=ends, agrees=st.booleans(), urgent=st.booleans())
    def answers(self, end: int, agrees: bool, urgent: bool) -> None:
        cabin, intake = self._cabin(end), self.village.intake
        self._try(lambda: intake.say_reason(cabin, Reason.PAIN))
        self._try(lambda: intake.answer_flags(cabin, {**NO_FLAGS, RedFlag.STROKE: urgent}))
        self._try(lambda: intake.go_on(cabin))
        self._try(lambda: intake.consent(cabin, AGREED if agrees else REFUSED))

    @rule(end=ends)
    def agrees_without_answers(self, end: int) -> None:
        self._try(lambda: self.village.intake.consent(self._cabin(end), AGREED))

    @rule(end=ends, reason=st.sampled_from(CancelReason))
    def leaves(self, end: int, reason: CancelReason) -> None:
        self._try(lambda: self.village.intake.leave(self._cabin(end), reason))

    @rule(end=ends, out=st.booleans())
    def steps_out_or_comes_back(self, end: int, out: bool) -> None:
        intake = self.village.intake
        self._try(lambda: (intake.step_out if out else intake.come_back)(self._cabin(end)))

    @rule(end=ends, patient=patients)
    def is_put_in_the_queue(self, end: int, patient: int) -> None:
        async def put() -> object:
            beginning = Beginning(self.patients[patient])
            placement = await self.village.placement(self._cabin(end), beginning=beginning)
            return await self.village.office.put_in_queue(self.village.nurse, placement)

        visit = self._try(put)
        if visit is not None:
            self.visits.append(visit)  # type: ignore[arg-type]

    @rule(end=ends, patient=patients, goodbye=st.booleans())
    def goes_all_the_way(self, end: int, patient: int, goodbye: bool) -> None:
        """The usual day, so that programs also begin late in a visit."""
        self.arrives(end, patient)
        self.answers(end, agrees=True, urgent=False)
        self.claims(end, 0, both=False)
        self.connects(end, 0, cabin=True)
        self.hangs_up(end, 0, cabin=False)
        if goodbye:
            self.says_goodbye(end, 3)

    @rule(end=ends, number=chosen, both=st.booleans())
    def claims(self, end: int, number: int, both: bool) -> None:
        visit, queue = self._one(number), self.village.queue
        if visit is None:
            return

        async def race() -> object:
            doctors = (self.village.gp, self.village.other_gp) if both else (self._gp(end),)
            return await asyncio.gather(*(queue.claim(gp, visit) for gp in doctors), return_exceptions=True)

        for tried in self._try(race):  # type: ignore[attr-defined]
            assert not isinstance(tried, Exception) or isinstance(tried, ClinicError), tried

    @rule(end=ends, number=chosen, cabin=st.booleans())
    def connects(self, end: int, number: int, cabin: bool) -> None:
        calls, visit = self.village.calls, self._one(number)
        self._try(lambda: calls.connected(self._cabin(end)) if cabin else calls.connected(self._gp(end), visit))

    @rule(end=ends, number=chosen, cabin=st.booleans())
    def hangs_up(self, end: int, number: int, cabin: bool) -> None:
        calls, visit = self.village.calls, self._one(number)
        self._try(lambda: calls.hang_up(self._cabin(end)) if cabin else calls.hang_up(self._gp(end), visit))

    @rule(end=ends, number=chosen, again=st.booleans())
    def rings_or_releases(self, end: int, number: int, again: bool) -> None:
        queue, visit = self.village.queue, self._one(number)
        if visit is not None:
            self._try(lambda: (queue.ring if again else queue.release)(self._gp(end), visit))

    @rule(end=ends, number=chosen)
    def signs(self, end: int, number: int) -> None:
        visit = self._one(number)

        async def sign() -> object:
            async with self.village.database.transaction() as tx:
                assert visit is not None
                return await self.village.endings.finish(self._gp(end), tx, visit)

        if visit is not None and self._try(sign) is not None:
            self.finished.add(visit)

    @rule(end=ends, face=st.none() | st.integers(0, 4))
    def says_goodbye(self, end: int, face: int | None) -> None:
        self._try(lambda: self.village.intake.goodbye(self._cabin(end), face))

    @rule(number=chosen)
    def is_taken_out(self, number: int) -> None:
        visit = self._one(number)
        if visit is not None:
            self._try(lambda: self.village.office.take_out(self.village.nurse, visit))

    @rule(minutes=st.integers(1, 900))
    def time_passes(self, minutes: int) -> None:
        self.village.clock.advance(minutes=minutes)

    @rule(end=ends)
    def everybody_looks(self, end: int) -> None:
        self._try(lambda: self.village.intake.current(self._cabin(end)))
        self._try(lambda: self.village.queue.waiting(self._gp(end)))
        self._try(lambda: self.village.queue.desk_visit(self._gp(end)))

    def _none(self, query: str) -> None:
        async def ask() -> object:
            async with self.village.database.reading() as tx:
                return (await tx.execute(text(query))).all()

        assert self.loop.run(ask()) == []

    @invariant()
    def a_doctor_has_one_visit_and_a_cabin_one_seat(self) -> None:
        self._none(
            "SELECT practitioner_id FROM encounter WHERE status = 'in-progress' "
            "GROUP BY practitioner_id HAVING count(*) > 1"
        )
        self._none(
            "SELECT cabin_id FROM encounter WHERE seated_at IS NOT NULL AND left_at IS NULL "
            "GROUP BY cabin_id HAVING count(*) > 1"
        )

    @invariant()
    def nobody_waits_or_is_called_without_consent(self) -> None:
        self._none(
            "SELECT id FROM encounter WHERE (status IN ('triaged', 'onleave', 'in-progress', 'finished')) AND NOT "
            "EXISTS (SELECT 1 FROM consent WHERE encounter_id = encounter.id AND decision = 'given')"
        )

    @invariant()
    def a_call_runs_only_in_a_claimed_visit(self) -> None:
        self._none(
            "SELECT id FROM encounter WHERE (call IN ('ringing', 'live')) AND "
            "(status <> 'in-progress' OR practitioner_id IS NULL OR seated_at IS NULL OR left_at IS NOT NULL)"
        )
        self._none("SELECT id FROM encounter WHERE status = 'triaged' AND (call <> 'none' OR left_at IS NOT NULL)")

    @invariant()
    def fences_only_grow_and_what_is_finished_stays(self) -> None:
        for visit in self.visits:
            seen = self.loop.run(self.village.look(visit))
            assert seen.fence >= self.fences.get(visit, 0)
            self.fences[visit] = seen.fence
            if visit in self.finished:
                assert seen.status is EncounterStatus.FINISHED

    @invariant()
    def a_free_cabin_with_a_line_does_not_exist(self) -> None:
        self._none(
            "SELECT id FROM encounter AS one WHERE status = 'triaged' AND seated_at IS NULL AND NOT EXISTS "
            "(SELECT 1 FROM encounter AS seat WHERE seat.cabin_id = one.cabin_id "
            "AND seat.seated_at IS NOT NULL AND seat.left_at IS NULL)"
        )


@pytest.fixture
def any_day(sqlite_template: Path) -> type[AnyDay]:
    return type("AnyDayHere", (AnyDay,), {"template": sqlite_template})


def test_whatever_people_do_the_visits_stay_sound(any_day: type[AnyDay]) -> None:
    run_state_machine_as_test(
        any_day,
        settings=settings(
            max_examples=settings.default.max_examples // 16,  # six days; sixty-two with the profile `deep`
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
