"""Whatever people do in whatever order, a record is open exactly to who has a relation or a glass now (T25)."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from server.accounts.passwords import Passwords
from server.accounts.rules import ABSOLUTE_FOR, IDLE_FOR, SEEN_EVERY
from server.accounts.service import Accounts
from server.database.engine import Database
from server.kernel.access import Door, Identity, Role
from server.kernel.errors import ClinicError
from server.kernel.ids import GlassId, PatientId, PractitionerId
from server.people.access.access import access_of
from server.people.access.glass_rules import OPEN_FOR, Verdict
from tests.clock import FakeClock
from tests.databases import TEMPLATE
from tests.server.people.access.conftest import ODETTE, PASSWORD, YVON, House, house_in
from tests.services import Postgres

PARIS = ZoneInfo("Europe/Paris")
doctors, patients = st.integers(0, 1), st.integers(0, 1)


@dataclass
class Hour:
    """A broken glass, as the model knows it."""

    patient: PatientId
    until: datetime
    reviewed: bool = False


@dataclass
class Session:
    """A session, as the model knows it."""

    token: str
    began: datetime
    seen: datetime
    ended: bool = False


class AnyNight(RuleBasedStateMachine):
    """Two doctors, two patients, a coordinator and a clock; the model beside the real services on a real database."""

    template: Path
    cluster: Postgres | None = None
    """Where each night has a database of its own; None: in a file, a copy of `template`."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        self.name = ""
        self.passwords = Passwords(time_cost=1, memory_kib=64)
        self.house = self.loop.run(self._open())
        self.visits = self.house.visits
        self.referred: dict[tuple[PatientId, PractitionerId], datetime] = {}
        self.hours: dict[PractitionerId, Hour] = {}
        self.sessions: list[Session] = []

    async def _open(self) -> House:
        database, clock = Database(await self._address()), FakeClock()
        house = await house_in(database, self.folder, clock, Accounts(database, self.passwords, clock))
        access = access_of(database, house.vault, house.people, house.accounts.prove, house, clock)
        house.referrals, house.glasses = access.referrals, access.glasses
        return house

    async def _address(self) -> str:
        if self.cluster is None:
            shutil.copyfile(self.template, self.folder / "night.sqlite")
            return f"sqlite:///{self.folder}/night.sqlite"
        self.name = await self.cluster.create(TEMPLATE)
        return self.cluster.url(self.name)

    def teardown(self) -> None:
        self.loop.run(self.house.database.close())
        if self.cluster is not None:
            self.loop.run(self.cluster.drop(self.name))
        self.passwords.close()
        self.loop.close()
        shutil.rmtree(self.folder)

    def _try(self, what: Callable[[], Awaitable[object]]) -> bool:
        async def tried() -> bool:
            try:
                await what()
            except ClinicError:  # a refusal in words is an answer; anything else fails the test
                return False
            return True

        return self.loop.run(tried())

    def _doctor(self, number: int) -> tuple[Identity, PractitionerId]:
        who = (self.house.aubin, self.house.nedjar)[number]
        assert who.practitioner_id is not None
        return who, who.practitioner_id

    def _patient(self, number: int) -> PatientId:
        return (self.house.odette, self.house.yvon)[number]

    def _is_open(self, doctor: PractitionerId, patient: PatientId) -> bool:
        now, hour = self.house.clock(), self.hours.get(doctor)
        glass = hour is not None and hour.patient == patient and not hour.reviewed and now < hour.until
        until = self.referred.get((patient, doctor))
        return (doctor, patient) in self.visits or glass or (until is not None and now < until)

    @rule(minutes=st.sampled_from([1, 29, 30, 31, 60, 600, 1440]))
    def time_passes(self, minutes: int) -> None:
        self.house.clock.advance(minutes=minutes)

    @rule(doctor=doctors, patient=patients)
    def takes_or_closes_a_visit(self, doctor: int, patient: int) -> None:
        self.visits ^= {(self._doctor(doctor)[1], self._patient(patient))}

    @rule(doctor=doctors, patient=patients, days=st.integers(-1, 2))
    def refers(self, doctor: int, patient: int, days: int) -> None:
        (who, own), (_, other), one = self._doctor(doctor), self._doctor(1 - doctor), self._patient(patient)
        until_on = self.house.clock().astimezone(PARIS).date() + timedelta(days=days)
        done = self._try(lambda: self.house.referrals.refer(who, one, other, until_on))
        assert done is ((own, one) in self.visits and days >= 0)
        if done:
            midnight = datetime.combine(until_on + timedelta(days=1), datetime.min.time(), PARIS)
            self.referred[one, other] = midnight

    @rule(doctor=doctors)
    def takes_all_back(self, doctor: int) -> None:
        who, other = self._doctor(doctor)[0], self._doctor(1 - doctor)[1]

        async def back() -> None:
            for one in await self.house.referrals.mine(who):
                if one.given:
                    await self.house.referrals.revoke(who, one.id)

        assert self._try(back)
        self.referred = {key: until for key, until in self.referred.items() if key[1] != other}

    @rule(doctor=doctors, patient=patients)
    def breaks(self, doctor: int, patient: int) -> None:
        (who, own), one = self._doctor(doctor), self._patient(patient)
        barred = own in self.hours and not self.hours[own].reviewed
        self.house.clock.advance(minutes=1)  # guessing is slowed down; that has a test of its own
        expected = not barred and not self._is_open(own, one)
        said = self.house.breaking((ODETTE, YVON)[patient])
        assert self._try(lambda: self.house.glasses.break_one(who, said)) is expected
        if expected:
            self.hours[own] = Hour(one, self.house.clock() + OPEN_FOR)

    @rule(doctor=doctors)
    def closes(self, doctor: int) -> None:
        who, own = self._doctor(doctor)
        assert self._try(lambda: self.house.glasses.close(who))
        if own in self.hours:
            self.hours[own].until = min(self.hours[own].until, self.house.clock())

    @rule(doctor=doctors, verdict=st.sampled_from(Verdict))
    def is_reviewed(self, doctor: int, verdict: Verdict) -> None:
        who, own = self._doctor(doctor)
        mine = self.loop.run(self.house.glasses.mine(who))
        waits = own in self.hours and not self.hours[own].reviewed
        assert (mine is not None) is waits
        if mine is not None:
            glass_id: GlassId = mine[0].id
            assert self._try(lambda: self.house.glasses.review(self.house.mairie, glass_id, verdict))
            assert not self._try(lambda: self.house.glasses.review(self.house.mairie, glass_id, verdict))
            self.hours[own].reviewed = True

    @rule()
    def signs_in(self) -> None:
        self.house.clock.advance(minutes=1)
        now = self.house.clock()
        signed = self.loop.run(self.house.accounts.sign_in("aubin", PASSWORD, Door.DESK, "::1"))
        self.sessions.append(Session(signed.token, now, now))

    @rule(number=st.integers(0, 3), leaves=st.booleans())
    def uses_a_session(self, number: int, leaves: bool) -> None:
        if not self.sessions:
            return
        session, now = self.sessions[number % len(self.sessions)], self.house.clock()
        who = self.loop.run(self.house.accounts.identify(session.token, Door.DESK))
        fresh = now - session.began < ABSOLUTE_FOR[Role.GP] and now - session.seen < IDLE_FOR[Role.GP]
        assert (who is not None) is (fresh and not session.ended)
        if who is not None:
            if now - session.seen >= SEEN_EVERY:
                session.seen = now
            if leaves:
                self.loop.run(self.house.accounts.sign_out(who))
                session.ended = True

    @invariant()
    def a_record_is_open_exactly_to_who_may(self) -> None:
        for doctor in range(2):
            who, own = self._doctor(doctor)
            for number in range(2):
                one = self._patient(number)
                assert self.loop.run(self.house.reads(who, one)) is self._is_open(own, one), (doctor, number)
        assert not self._try(lambda: self.house.people.read(self.house.mairie, self.house.odette))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_night(request: pytest.FixtureRequest, sqlite_template: Path) -> type[AnyNight]:
    cluster = request.getfixturevalue("shelf").postgres if request.param == "postgres" else None
    return type("AnyNightHere", (AnyNight,), {"template": sqlite_template, "cluster": cluster})


def test_whatever_people_do_records_open_only_to_who_may(any_night: type[AnyNight]) -> None:
    run_state_machine_as_test(
        any_night,
        settings=settings(
            max_examples=2 if any_night.cluster else 5,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
