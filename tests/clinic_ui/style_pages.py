"""A small application that shows the style pages, with a made-up village; only tests and reviewers see it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer
from markupsafe import Markup

from clinic_ui.assets import Assets
from clinic_ui.charts import Band
from clinic_ui.forms import answers, read_form
from clinic_ui.look import settings
from clinic_ui.mishaps import page_errors
from clinic_ui.render import PAGES, Pages, fragment, render
from server.kernel.access import Identity, Role
from server.kernel.errors import Conflict, Invalid, NotAllowed
from server.kernel.ids import AccountId
from server.kernel.words import N_
from server.web.keys import WHO

SITE = SimpleNamespace(
    name="Saint-Fiacre-des-Prés",
    commune="Saint-Fiacre-des-Prés",
    postcode="29270",
    insee="29270",
    address="2 place de la Mairie",
    phone="02 99 00 00 01",
    samu_phone="02 99 00 00 15",
    aed="sous le porche de la mairie",
)
CABIN = SimpleNamespace(
    name="Cabine de Saint-Fiacre", address="2 place de la Mairie", access_notes="Porte bleue, code 12A", phone=""
)
SAY = SimpleNamespace(
    home="Accueil",
    hello="Bonjour.",
    question="Que voulez-vous faire\N{NO-BREAK SPACE}?",
    see="Voir un médecin",
    see_small="Sans rendez-vous. Attente\N{NO-BREAK SPACE}: 15\N{NO-BREAK SPACE}minutes environ.",
    have="J’ai un rendez-vous",
    have_small="Dites que vous êtes là.",
    take="Prendre un rendez-vous",
    take_small="Pour un autre jour.",
    open=Markup('Ouvert jusqu’à <b class="num">18\N{NO-BREAK SPACE}h</b>'),
    there=Markup("<b>Dr\N{NO-BREAK SPACE}Claire\N{NO-BREAK SPACE}Aubin</b> est là aujourd’hui."),
    pieces="Toutes les pièces",
    word="Continuer",
    sentence="Restez assis. L’image vient toute seule.",
    code="Votre code à six chiffres",
    yes="Oui",
    no="Non",
    day="Mardi 24 novembre",
    hour="matin · 9 h 30",
    empty="Personne n’attend",
    call="Consultation en cours",
    nav=["Consultations", "Agenda", "Patients", "Suivis"],
    late="4 suivis en retard",
    busy="En consultation",
    queue="File d’attente",
    place="Saint-Fiacre · 81 ans",
    in_call="En appel",
    renewal="Renouvellement, tension",
    fever="Fièvre depuis hier",
    wound="Plaie à la main",
    child="Enfant",
    planned="Prévus",
    line="Liaison moyenne",
    line_small="Voix nette, image réduite",
    you="Vous",
    controls=["Micro", "Caméra", "Photo", "Otoscope", "Stétho", "Montrer", "Inviter", "Écrire", "Raccrocher"],
    measures="Mesures",
    taken="prises par Sylvie à 10:31",
    names=["Tension", "Pouls", "Oxygène", "Température", "Poids"],
    high="élevée",
    normal="normal",
    lost="−1,2 kg en 3 mois",
    record="Dossier",
    born="née le 03/03/1945 · 81 ans · F",
    penicillin="pénicilline",
    rash="éruption, 2011",
    checked="Identité vérifiée",
    takes="Suit",
    drugs="ramipril 5 mg, metformine 500 mg",
    notes="Notes",
    rx="Ordonnance",
    past="Historique",
    reason="Motif",
    told="dit par la patiente",
    dizzy="« J’ai la tête qui tourne le matin depuis une semaine. »",
    exam="Examen",
    exam_text="Orientée, pas de déficit moteur, pas de chute. TA refaite à 5 min : 152/90.",
    conclusion="Conclusion",
    conclusion_text="HTA mal équilibrée. Vertiges positionnels probables.",
    add="Ajouter",
    dose="10 mg · 1 le matin · 30 jours",
    changed="Dose changée",
    remove="Retirer Ramipril",
    next="Suite",
    nurse="Infirmière",
    in7="cabine, 7 jours",
    me="Me revoir",
    in30="dans 1 mois",
    office="Au cabinet",
    in_office="examen",
    saved="Enregistré à 10:42",
    preview="Aperçu",
    sign="Signer et terminer",
    **{"with": "Accompagné"},
)
DOCTOR = Identity(
    AccountId(UUID(int=1)), Role.GP, "aubin", "Dr Claire Aubin", csrf="a-token-of-this-session", session_hash=b""
)
STYLES = ("home", "kiosk", "workbench", "desk")
WRONG = {"code": N_("Cette réponse manque."), "name": N_("Cette réponse manque.")}


class Answer(msgspec.Struct, frozen=True):
    """What the sample form asks."""

    code: int


def _ago(minutes: int) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


async def _style(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name in ("workbench", "desk"):
        request[WHO] = DOCTOR
    icons = re.findall(r'id="i-([a-z0-9-]+)"', request.app[PAGES].assets.text("img/icons.svg"))
    return render(
        request,
        f"styleguide/{name}.html",
        say=SAY,
        site=SITE,
        cabin=CABIN,
        ago=_ago,
        icons=icons,
        errors=WRONG if name in ("kiosk", "desk") else {},
        band=Band(110, 140),
    )


async def _queue(request: web.Request) -> web.Response:
    title = request.query.get("title", "Nouveau")
    return fragment(
        request, "shared/mishap_piece.html", title=title, happened="a", safe="b", todo="c", wrong=[], reference=""
    )


async def _fail(request: web.Request) -> web.Response:
    match request.match_info["kind"]:
        case "forbidden":
            raise NotAllowed(N_("Votre compte ne permet pas cette action. Rien n’a été changé."))
        case "conflict":
            raise Conflict("Le créneau de %(time)s est pris.", time="<9 h>")
        case "invalid":
            raise Invalid("Une réponse est à revoir.", fields={"code": "Cette réponse manque."})
        case _:
            raise ZeroDivisionError("the name of a patient would be here")


async def _form(request: web.Request) -> web.Response:
    try:
        answer = await read_form(request, Answer)
    except Invalid as wrong:
        return web.json_response({"fields": wrong.fields, "given": await answers(request)}, status=422)
    return web.json_response({"code": answer.code})


def style_app() -> web.Application:
    """Return the application."""
    app = web.Application(middlewares=[page_errors])
    app[PAGES] = Pages(Assets.of_package())
    app.router.add_get("/static/{hash}/{path:.+}", app[PAGES].assets.serve)
    app.router.add_post("/settings", settings)
    app.router.add_get("/style/queue", _queue)
    app.router.add_get("/style/{name}", _style)
    app.router.add_get("/cabin/fail/{kind}", _fail)
    app.router.add_get("/desk/fail/{kind}", _fail)
    app.router.add_post("/form", _form)
    return app


@asynccontextmanager
async def style_server() -> AsyncIterator[TestServer]:
    """Serve the style pages for as long as the block lasts."""
    server = TestServer(style_app())
    await server.start_server()
    try:
        yield server
    finally:
        await server.close()
