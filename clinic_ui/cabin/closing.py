"""After the call: the doctor's words, three moments to come back, a smiley, goodbye.

resume ─▶ rendez-vous (if the doctor asked) ─▶ garde: oui ─▶ resume ─▶ avis ─▶ au-revoir
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.cabin.booth import ASKING, SUMMARY, Booth, go
from clinic_ui.choosing import Chosen
from clinic_ui.documents import VIEWER_WORDS, shown
from clinic_ui.forms import read_form
from server.encounters.rules import Step
from server.encounters.views import CabinVisit
from server.kernel.ids import AppointmentId
from server.kernel.words import N_
from server.scheduler.rules.search import PartOfDay
from server.scheduler.service.cabin_view import CabinFollowUp, CabinView
from server.scheduler.service.views import CabinDown, Proposals, SlotTaken
from server.web.keys import who_is
from server.web.routes import Routes

BOOKING, KEPT = "/cabin/rendez-vous", "/cabin/rendez-vous/garde"
_LOST = N_("Ce choix n’est plus sur l’écran. Choisissez de nouveau.")


class AnswerForm(msgspec.Struct, frozen=True):
    """Yes or no to the moment that is kept."""

    hold_id: Annotated[UUID, Meta(description=_LOST)]
    version: Annotated[int, Meta(ge=1, le=2**31 - 2, description=_LOST)]


class FaceForm(msgspec.Struct, frozen=True):
    """A smiley, or none."""

    face: Annotated[int, Meta(ge=1, le=3, description=N_("Touchez un visage, ou « Passer »."))] | None = None


class ClosingPages:
    """From the doctor's signature to an empty screen; and « Prendre un rendez-vous » for who comes for that alone."""

    def __init__(self, booth: Booth, follow_up_view: CabinView) -> None:
        self._booth = booth
        self._view = follow_up_view

    def routes(self) -> Routes:
        """Return the routes of these screens."""
        return [
            ("GET", "/cabin/resume", self.summary),
            ("GET", "/cabin/rendez-vous", self.moments),
            ("POST", "/cabin/rendez-vous", self.choose),
            ("GET", "/cabin/rendez-vous/garde", self.kept),
            ("POST", "/cabin/rendez-vous/oui", self.say_yes),
            ("POST", "/cabin/rendez-vous/non", self.say_no),
            ("POST", "/cabin/rendez-vous/rappel", self.call_me_back),
            ("GET", "/cabin/avis", self.opinion),
            ("POST", "/cabin/avis", self.say_goodbye),
        ]

    async def summary(self, request: web.Request) -> web.Response:
        """GET /cabin/resume: what the doctor wrote for the patient, and the next appointment."""
        visit = await self._booth.visit(request, Step.SUMMARY)
        who = who_is(request)
        summary = await self._booth.notes.summary(who, visit.encounter_id)
        follow_up = await self._view.follow_up(who)
        given = await self._booth.prescriptions.of_visit(who, visit.encounter_id)
        return await self._booth.show(
            request,
            "summary",
            words=VIEWER_WORDS,
            visit=visit,
            summary=summary,
            follow_up=follow_up,
            prescribed=bool(given),
            documents=shown(await self._booth.documents.given_here(who)),
        )

    async def moments(self, request: web.Request) -> web.Response:
        """GET /cabin/rendez-vous: three moments; `partie` (half of the day) and `apres` (other days) narrow them."""
        visit = await self._booth.visit(request, Step.SUMMARY, *ASKING)
        follow_up = await self._view.follow_up(who_is(request))
        if follow_up is None or not follow_up.is_open or "rappel" in request.query:
            return await self._no_choice(request, visit, follow_up)
        part = _part(request)
        proposals = await self._booth.follow_ups.proposals(
            who_is(request), follow_up.promise_id, part, request.query.get("apres")
        )
        over = "fini" in request.query
        return await self._moments(request, visit, follow_up, proposals, part=part, over=over)

    async def _no_choice(
        self, request: web.Request, visit: CabinVisit, follow_up: CabinFollowUp | None
    ) -> web.Response:
        """Nothing to choose: it is booked already, or nobody asked for a follow-up (then the reception's phone)."""
        if visit.step is Step.SUMMARY:
            return go(SUMMARY)
        return await self._booth.show(request, "no_booking", visit=visit, follow_up=follow_up)

    async def _moments(
        self,
        request: web.Request,
        visit: CabinVisit,
        follow_up: CabinFollowUp,
        proposals: Proposals,
        *,
        part: PartOfDay | None = None,
        taken: datetime | None = None,
        over: bool = False,
        status: int = 200,
    ) -> web.Response:
        return await self._booth.show(
            request,
            "moments",
            status=status,
            visit=visit,
            follow_up=follow_up,
            proposals=proposals,
            part=part,
            taken=taken,
            over=over,
        )

    async def choose(self, request: web.Request) -> web.Response:
        """POST /cabin/rendez-vous: keep it and ask; when somebody was faster, grey that card and show fresh ones."""
        visit = await self._booth.visit(request, Step.SUMMARY, *ASKING)
        who = who_is(request)
        form = await read_form(request, Chosen)
        follow_up = await self._view.follow_up(who)
        if follow_up is None or not follow_up.is_open:
            return await self._no_choice(request, visit, follow_up)
        try:
            await self._booth.follow_ups.hold(who, follow_up.promise_id, form.choice)
        except SlotTaken as refused:
            return await self._moments(request, visit, follow_up, refused.proposals, taken=form.starts_at, status=409)
        except CabinDown:
            fresh = await self._booth.follow_ups.proposals(who, follow_up.promise_id)
            return await self._moments(request, visit, follow_up, fresh, status=409)
        return go(KEPT)

    async def kept(self, request: web.Request) -> web.Response:
        """GET /cabin/rendez-vous/garde: this moment, for five minutes; yes or no?"""
        visit = await self._booth.visit(request, Step.SUMMARY, *ASKING)
        follow_up = await self._view.follow_up(who_is(request))
        if follow_up is None or not follow_up.is_open:
            return await self._no_choice(request, visit, follow_up)
        held = await self._booth.follow_ups.held(who_is(request), follow_up.promise_id)
        if held is None:
            return go(f"{BOOKING}?fini=1")
        return await self._booth.show(request, "kept", visit=visit, held=held)

    async def say_yes(self, request: web.Request) -> web.Response:
        """POST /cabin/rendez-vous/oui: booked; when the moment is gone, it is said, with fresh ones."""
        visit = await self._booth.visit(request, Step.SUMMARY, *ASKING)
        who, form = who_is(request), await read_form(request, AnswerForm)
        follow_up = await self._view.follow_up(who)
        try:
            await self._booth.follow_ups.confirm(who, AppointmentId(form.hold_id), form.version)
        except (SlotTaken, CabinDown) as gone:
            if follow_up is None or not follow_up.is_open:
                return await self._no_choice(request, visit, follow_up)
            fresh = (
                gone.proposals
                if isinstance(gone, SlotTaken)
                else await self._booth.follow_ups.proposals(who, follow_up.promise_id)
            )
            return await self._moments(request, visit, follow_up, fresh, over=True, status=409)
        return go(SUMMARY if visit.step is Step.SUMMARY else BOOKING)

    async def say_no(self, request: web.Request) -> web.Response:
        """POST /cabin/rendez-vous/non: the moment is free again; back to the three."""
        await self._booth.visit(request, Step.SUMMARY, *ASKING)
        form = await read_form(request, AnswerForm)
        await self._booth.follow_ups.let_go(who_is(request), AppointmentId(form.hold_id), form.version)
        return go(BOOKING)

    async def call_me_back(self, request: web.Request) -> web.Response:
        """POST /cabin/rendez-vous/rappel: « Je ne sais pas : rappelez-moi »."""
        visit = await self._booth.visit(request, Step.SUMMARY, *ASKING)
        follow_up = await self._view.follow_up(who_is(request))
        if follow_up is not None and follow_up.is_open:
            await self._booth.follow_ups.call_me_back(who_is(request), follow_up.promise_id)
        return go(SUMMARY if visit.step is Step.SUMMARY else f"{BOOKING}?rappel=1")

    async def opinion(self, request: web.Request) -> web.Response:
        """GET /cabin/avis: three faces, or none."""
        visit = await self._booth.visit(request, Step.SUMMARY, Step.CLOSING)
        return await self._booth.show(request, "opinion", visit=visit)

    async def say_goodbye(self, request: web.Request) -> web.Response:
        """POST /cabin/avis: keep the face, free the seat, wipe the screen."""
        form = await read_form(request, FaceForm)
        await self._booth.intake.goodbye(who_is(request), form.face)
        return go("/cabin/au-revoir")


def _part(request: web.Request) -> PartOfDay | None:
    known = {"matin": PartOfDay.MORNING, "apres-midi": PartOfDay.AFTERNOON}
    return known.get(request.query.get("partie", ""))
