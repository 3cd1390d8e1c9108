"""A robot doctor: takes the next invented patient, talks, writes a note that says so, signs, proposes a follow-up.

sign in ─▶ « je suis là » ─▶ who waits? ─▶ take ─▶ call ─▶ talk ─▶ note ─▶ hang up ─▶ sign ─▶ next
"""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from clinic_ui.i18n import translate
from server.encounters.views import QueueState
from server.kernel.access import Door
from server.kernel.words import N_
from server.records.rules.measures import MEASURES
from server.records.rules.note import Modality
from server.robots.errors import Refused
from server.robots.line import Line, open_line
from server.robots.measures import DeviceWords, read_words
from server.robots.patient import Tell
from server.robots.visitor import Visitor, signed_in
from signalling.peer import Peer
from signalling.peer_person import RobotPerson
from signalling.protocol import Seat

ANSWER_WITHIN: Final = 30.0  # s: a cabin that does not answer for so long is given back
EXAMINATION: Final = N_("ROBOT · essai du système, sans examen.")
CONCLUSION: Final = N_("ROBOT · note écrite par un robot, pour une personne fictive. Sans valeur médicale.")
ADVICE: Final = N_("Ceci est un essai. Vous avez parlé à un robot.")
WHY: Final = N_("ROBOT · essai")


@dataclass(frozen=True, slots=True)
class DoctorPlan:
    """Who signs in, how many patients they take (None: until stopped), and how long they talk with each."""

    login: str
    password: str
    count: int | None = 1
    seconds: float = 20.0
    locale: str = "fr"


class RobotDoctor:
    """A robot's desk."""

    def __init__(self, visitor: Visitor, plan: DoctorPlan, tell: Tell) -> None:
        self._visitor = visitor
        self._plan = plan
        self._tell = tell
        self._left_alone = 0

    async def consult(self) -> None:
        """Take patients one after the other."""
        name = (await self._visitor.ask("GET", "/api/robots/welcome"))["name"]
        if (await self._visitor.ask("GET", "/api/desk/visit"))["visit"] is not None:
            raise Refused(N_("Ce médecin est déjà avec quelqu’un. Terminez d’abord cette visite."), code="busy")
        person = await asyncio.to_thread(RobotPerson, name, doctor=True)
        try:
            async with open_line(self._visitor, Seat.PRACTITIONER, person) as line:
                seen = 0
                while self._plan.count is None or seen < self._plan.count:
                    await self._one(line)
                    seen += 1
        finally:
            with contextlib.suppress(Refused, aiohttp.ClientError):
                await self._visitor.post("/api/duty", here=False)

    async def _one(self, line: Line) -> None:
        """Wait for somebody, take them, and see the visit to its end; whatever ends it early, they wait again."""
        item, ticket = await self._take_next(line)
        visit, name = f"/api/encounters/{item['encounter_id']}", item["name"]
        self._tell(N_("%(name)s est pris en charge ; on appelle."), name=name)

        async def seat_ticket() -> str:
            return str((await self._visitor.post(f"{visit}/seat"))["ticket"])

        signed = False
        try:
            peer = await line.sit(seat_ticket, ticket)
            await self._talk(peer, visit, name)
            await self._sign(visit)
            signed = True
            self._tell(N_("Note signée, rendez-vous de suivi proposé."))
        finally:
            if not signed:
                await self._give_back(visit)

    async def _take_next(self, line: Line) -> tuple[dict[str, Any], str]:
        self._tell(N_("Le médecin robot est là. Il attend une personne fictive."))
        while True:
            await self._visitor.post("/api/duty", here=True)
            queue = (await self._visitor.ask("GET", "/api/queue"))["queue"]
            waiting = [item for item in queue if item["state"] == QueueState.WAITING]
            self._tell_left_alone(sum(not item["fictitious"] for item in waiting))
            for item in (item for item in waiting if item["fictitious"]):
                try:
                    claimed = await self._visitor.post(f"/api/encounters/{item['encounter_id']}/claim")
                except Refused:
                    continue  # somebody was faster
                return item, str(claimed["ticket"])
            await line.change()

    def _tell_left_alone(self, number: int) -> None:
        if number > self._left_alone:
            self._tell(N_("Une personne qui n’est pas fictive attend : un robot ne la prend pas."))
        self._left_alone = number

    async def _talk(self, peer: Peer, visit: str, name: str) -> None:
        try:
            await asyncio.wait_for(peer.live.wait(), ANSWER_WITHIN)
        except TimeoutError:
            raise Refused(N_("La cabine ne répond pas."), code="no-answer") from None
        await self._visitor.post(f"{visit}/connected")
        self._tell(N_("%(name)s et le médecin se voient et s’entendent."), name=name)
        try:
            async with asyncio.timeout(self._plan.seconds):
                listening = asyncio.create_task(self._listen(peer))
                try:
                    await peer.ended.wait()
                finally:
                    listening.cancel()
        except TimeoutError:
            pass
        stats = await peer.stats()
        if stats is not None:
            self._tell(
                N_("Reçu : %(pictures)s images, %(sounds)s sons."),
                pictures=stats.video.frames,
                sounds=stats.audio.frames,
            )

    async def _listen(self, peer: Peer) -> None:
        """Tell the first measures of each instrument."""
        known = set()
        while True:
            words = read_words(await peer.said.get())
            if words is not None and words.device not in known:
                known.add(words.device)
                self._tell(N_("Reçu de l’appareil : %(measures)s"), measures=_shown(words))

    async def _sign(self, visit: str) -> None:
        saved = await self._visitor.ask("PUT", f"{visit}/note", {"body": note(self._plan.locale), "row_ver": 0})
        await self._visitor.post(f"{visit}/hang-up")
        await self._visitor.post(f"{visit}/sign", row_ver=saved["row_ver"])

    async def _give_back(self, visit: str) -> None:
        """Let the patient wait for somebody else."""
        with contextlib.suppress(Refused, aiohttp.ClientError, TimeoutError):
            await self._visitor.post(f"{visit}/release")


def note(locale: str) -> dict[str, object]:
    """Return the note of a robot: each of its parts says what it is."""
    return {
        "examination": translate(locale, EXAMINATION),
        "conclusion": translate(locale, CONCLUSION),
        "advice": translate(locale, ADVICE),
        "none_prescribed": True,
        "no_incident": True,
        "follow_up": {"in_days": 7, "modality": Modality.REMOTE, "why": translate(locale, WHY)},
    }


def _shown(words: DeviceWords) -> str:
    return ", ".join(f"{one.value:g} {MEASURES[one.measure].shown_unit}" for one in words.readings)


async def consult_as_doctor(origin: str, plan: DoctorPlan, tell: Tell) -> None:
    """Sign in at a desk and take patients."""
    async with signed_in(origin, Door.DESK, plan.login, plan.password, plan.locale) as visitor:
        await RobotDoctor(visitor, plan, tell).consult()
