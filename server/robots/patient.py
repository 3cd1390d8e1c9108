"""A robot patient: from the door of the cabin to the smiley, as a person would go, over the JSON routes.

sign in ─▶ recognised (invented people only) ─▶ reason ─▶ four questions ─▶ consent ─▶ wait
        ─▶ the doctor's call, with face, voice and measures ─▶ the doctor's words ─▶ smiley, goodbye
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp

from clinic_ui.i18n import translate
from server.encounters.rules import CONSENT_VERSION, CancelReason, Reason, RedFlag, Step
from server.kernel.access import Door
from server.kernel.words import N_
from server.robots.errors import Refused
from server.robots.line import Line, open_line
from server.robots.measures import Instruments
from server.robots.visitor import Visitor, signed_in
from signalling.peer import Peer
from signalling.peer_person import RobotPerson
from signalling.protocol import Seat

MEASURE_EVERY: Final = 2.0  # s
WORDS: Final = N_("Essai : je suis un robot, personne n’est malade.")
HAPPY: Final = 3  # the smiley

Tell = Callable[..., None]


@dataclass(frozen=True, slots=True)
class PatientPlan:
    """Who comes, where, and why. `seconds`: after so long in the call the patient hangs up; None: the doctor does."""

    cabin: str
    password: str
    who: dict[str, str]
    reason: Reason = Reason.PAIN
    seconds: float | None = None
    locale: str = "fr"


class RobotPatient:
    """One visit of one invented person."""

    def __init__(self, visitor: Visitor, plan: PatientPlan, tell: Tell) -> None:
        self._visitor = visitor
        self._plan = plan
        self._tell_anybody = tell
        self._name = ""
        self._told: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def visit(self) -> None:
        """Go through the whole visit; whatever ends it early, the cabin is free afterwards."""
        await self._refuse_occupied()
        known = await self._visitor.post("/api/robots/recognise", **self._plan.who)
        self._name = known["name"]
        await self._visitor.post("/api/cabin/arrive", patient_id=known["patient_id"], locale=self._plan.locale)
        self._tell(N_("%(name)s entre dans la cabine."))
        try:
            await self._intake()
            person = await asyncio.to_thread(RobotPerson, self._name)
            async with open_line(self._visitor, Seat.PATIENT, person) as line:
                await self._wait_and_talk(line)
        finally:
            await self._go_away()

    async def _refuse_occupied(self) -> None:
        visit = (await self._visitor.ask("GET", "/api/cabin/visit"))["visit"]
        if visit is not None and visit["step"] not in (Step.SUMMARY, Step.IN_PERSON, Step.GOODBYE):
            raise Refused(
                N_("La cabine %(cabin)s est occupée. Une autre : --cabin"), code="cabin-busy", cabin=self._plan.cabin
            )

    async def _intake(self) -> None:
        await self._visitor.post(
            "/api/cabin/reason", reason=self._plan.reason, words=translate(self._plan.locale, WORDS)
        )
        await self._visitor.post("/api/cabin/flags", flags=dict.fromkeys(RedFlag, False))
        given = {"given": True, "text_version": CONSENT_VERSION, "mode": "touch"}
        await self._visitor.post("/api/cabin/consent", **given)
        self._tell(N_("%(name)s a dit pourquoi, a répondu aux quatre questions, et est d’accord."))

    async def _wait_and_talk(self, line: Line) -> None:
        """Be where the server says that the visit is, until it is over."""
        while True:
            visit = (await self._visitor.ask("GET", "/api/cabin/visit"))["visit"]
            step = visit["step"] if visit else Step.GOODBYE
            if step in (Step.WAITING, Step.CALL):
                await self._be_seated(line)
            if step == Step.WAITING:
                self._tell(N_("%(name)s attend. Place dans la file : %(place)s."), place=visit["place"])
            elif step == Step.CLOSING:
                self._tell(N_("L’appel est fini. Le médecin écrit sa note ; %(name)s attend."))
            elif step != Step.CALL:
                return
            events = (line.peer.live, line.peer.ended) if line.peer else ()
            await line.change(*(event for event in events if not event.is_set()))

    async def _be_seated(self, line: Line) -> None:
        if line.seated:
            return
        peer = await line.sit(self._seat_ticket)
        self._tasks.append(asyncio.create_task(self._talk(peer), name="robot-talk"))

    async def _seat_ticket(self) -> str:
        return str((await self._visitor.post("/api/cabin/seat"))["ticket"])

    async def _talk(self, peer: Peer) -> None:
        """Say that the picture is there, measure, and hang up when the time is over."""
        await peer.live.wait()
        self._tell(N_("Le médecin est là : image et son passent."), again=True)
        with contextlib.suppress(Refused, aiohttp.ClientError):
            await self._visitor.post("/api/cabin/connected")
            try:
                async with asyncio.timeout(self._plan.seconds):
                    await self._measure(peer)
            except TimeoutError:
                await self._visitor.post("/api/cabin/hang-up")

    async def _measure(self, peer: Peer) -> None:
        instruments = Instruments(self._name)
        while not peer.ended.is_set():
            peer.send(instruments.measure(datetime.now(UTC)))
            await asyncio.sleep(MEASURE_EVERY)

    async def _go_away(self) -> None:
        """Leave the cabin as the visit stands: out of the line, out of the call, or with a smiley at the end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(Refused, aiohttp.ClientError, TimeoutError):
            visit = (await self._visitor.ask("GET", "/api/cabin/visit"))["visit"]
            step = visit["step"] if visit else None
            if step is None:
                return
            if step in (Step.REASON, Step.FLAGS, Step.EMERGENCY, Step.CONSENT, Step.WAITING, Step.AWAY):
                await self._visitor.post("/api/cabin/leave", reason=CancelReason.GAVE_UP)
                return self._tell(N_("%(name)s renonce et quitte la file."))
            if step == Step.CALL:
                await self._visitor.post("/api/cabin/hang-up")
            await self._visitor.post("/api/cabin/goodbye", face=HAPPY)
            self._tell(N_("%(name)s laisse un sourire et s’en va."))

    def _tell(self, message: str, *, again: bool = False, **params: Any) -> None:
        """Tell it once: the same words twice are no news."""
        key = f"{message}{params}"
        if again or key not in self._told:
            self._told.add(key)
            self._tell_anybody(message, name=self._name, **params)


async def visit_as_patient(origin: str, plan: PatientPlan, tell: Tell) -> None:
    """Sign in at a cabin and make one visit."""
    async with signed_in(origin, Door.CABIN, plan.cabin, plan.password, plan.locale) as visitor:
        await RobotPatient(visitor, plan, tell).visit()
