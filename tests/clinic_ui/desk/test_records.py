"""« Dossiers »: a doctor finds an open record, refers it, takes it back, and opens a closed one in an emergency."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from server.accounts.rules import NewAccount
from server.kernel.access import Door, Role
from server.people.tables import CareRelation
from server.records.rules.background import BackgroundBody
from tests.clinic_ui.cabin.hamlet import PASSWORD, Hamlet, Visitor
from tests.clinic_ui.desk.desk import measured, second_doctor

ODETTE = {"name": "Lavergne", "born_on": "03/03/1945"}
WHY = "Malaise dans la rue, elle ne répond pas."
BREAKING = {**ODETTE, "reason": "cannot-speak", "words": WHY, "password": PASSWORD}
SECRETS = ("Odette", "Lavergne", "1945", "Pénicilline", "Gonalgie", "Malaise")


@asynccontextmanager
async def at(hamlet: Hamlet, door: Door, token: str) -> AsyncIterator[Visitor]:
    """Somebody at a door, in a browser without scripts."""
    jar = aiohttp.CookieJar(unsafe=True)
    jar.update_cookies({f"tc-{door.value}": token, "tc-lang": "fr"}, URL(hamlet.running.origin))
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Visitor(session, hamlet.running.origin)


async def coordinator(hamlet: Hamlet) -> str:
    """The token of somebody at the coordination."""
    async with hamlet.clinic.database.transaction() as tx:
        await hamlet.clinic.accounts.create(tx, NewAccount("mairie", PASSWORD, Role.COORDINATOR, "Mairie"))
    return (await hamlet.clinic.accounts.sign_in("mairie", PASSWORD, Door.COORDINATION, "127.0.0.9")).token


async def known(hamlet: Hamlet) -> None:
    """Dr Aubin is Odette's doctor; something is known of her, and measured."""
    sheet = BackgroundBody(allergies=("Pénicilline",), conditions=("Hypertension",), medications=())
    await hamlet.clinic.background.save(hamlet.who["sylvie"], hamlet.odette, sheet, 0)
    await measured(hamlet)
    async with hamlet.clinic.database.transaction() as tx:
        since = hamlet.clock()
        row = {"patient_id": hamlet.odette, "practitioner_id": hamlet.aubin, "treating": True}
        tx.add(CareRelation(since=since, until=None, **row))


async def test_a_doctor_refers_a_record_and_takes_it_back(hamlet: Hamlet) -> None:
    await known(hamlet)
    _, token = await second_doctor(hamlet)
    record = f"/desk/records/{hamlet.odette}"
    async with at(hamlet, Door.DESK, hamlet.tokens["aubin"]) as aubin, at(hamlet, Door.DESK, token) as nedjar:
        await nedjar.open(record)
        assert nedjar.status == 404
        await aubin.open("/desk/records")
        await aubin.send("/desk/records", **ODETTE)
        assert (aubin.status, aubin.path) == (200, record)
        assert "Odette Lavergne" in aubin.words
        assert "Pénicilline" in aubin.words
        await aubin.send(f"{record}/referrals", to=hamlet.nedjar, until_on="01/01/2020")
        assert aubin.status == 422
        assert "Choisissez un jour entre aujourd’hui et dans un an." in aubin.words
        await aubin.send(f"{record}/referrals", to=hamlet.nedjar, until_on=f"{hamlet.clock():%d/%m/%Y}")
        assert aubin.path == record
        assert "Dr Samir Nedjar · jusqu’au" in aubin.words
        await nedjar.open("/desk/records")
        assert "Odette Lavergne par Dr Claire Aubin" in nedjar.words
        await nedjar.open(record)
        assert "Hypertension" in nedjar.words
        assert "Adresser à un confrère" not in nedjar.words
        await aubin.open("/desk/records")
        (given,) = await hamlet.clinic.access.referrals.mine(hamlet.gp)
        await aubin.send(f"/desk/referrals/{given.id}/revoke")
        assert "Ouvrez un dossier pour l’adresser" in aubin.words
        await nedjar.open(record)
        assert nedjar.status == 404


async def test_a_closed_record_looks_like_nobodys(hamlet: Hamlet) -> None:
    async with at(hamlet, Door.DESK, hamlet.tokens["aubin"]) as aubin:
        answers = []
        for sought in (ODETTE, {**ODETTE, "name": "Personne"}):
            await aubin.open("/desk/records")
            await aubin.send("/desk/records", **sought)
            answers.append((aubin.status, aubin.path, "Aucun dossier ne vous est ouvert à ce nom." in aubin.words))
        assert answers == [(404, "/desk/records", True)] * 2


async def test_the_glass_is_broken_told_and_reviewed_without_a_name_or_a_word(hamlet: Hamlet) -> None:
    await known(hamlet)
    who, token = await second_doctor(hamlet)
    record = f"/desk/records/{hamlet.odette}"
    async with (
        at(hamlet, Door.DESK, token) as nedjar,
        at(hamlet, Door.COORDINATION, await coordinator(hamlet)) as mairie,
        at(hamlet, Door.OFFICE, hamlet.tokens["sylvie"]) as sylvie,
    ):
        await nedjar.open("/desk/glass")
        await nedjar.send("/desk/glass", **{**BREAKING, "password": "pas le bon du tout"})
        assert (nedjar.status, "pas le bon du tout" in nedjar.text) == (422, False)
        await nedjar.send("/desk/glass", **{**BREAKING, "words": "urgent"})
        assert nedjar.status == 422
        await nedjar.send("/desk/glass", **BREAKING)
        assert (nedjar.status, nedjar.path) == (200, record)
        assert "Accès en urgence jusqu’à" in nedjar.words
        assert "Pénicilline" in nedjar.words
        await nedjar.open("/desk/glass")
        assert 'name="password"' not in nedjar.text
        await mairie.open("/coordination")
        assert "accès en urgence à contrôler" in mairie.words
        await mairie.open("/coordination/accesses")
        assert "Dr Samir Nedjar" in mairie.words
        assert "la personne ne peut pas répondre" in mairie.words
        assert "consultations × 1" in mairie.words
        assert not [one for one in SECRETS if one in mairie.text]
        mine = await hamlet.clinic.access.glasses.mine(who)
        assert mine is not None
        await mairie.send(f"/coordination/accesses/{mine[0].id}", verdict="confirmed")
        assert "Rien à contrôler." in mairie.words
        assert "contrôlé : justifié" in mairie.words
        await nedjar.open(record)
        assert nedjar.status == 404
        await sylvie.open(f"/office/patients/{hamlet.odette}/accesses")
        assert "en urgence Motif : la personne ne peut pas répondre." in sylvie.words
        assert WHY in sylvie.words
        assert "contrôlé : justifié" in sylvie.words


async def test_a_doctor_who_is_done_closes_the_record(hamlet: Hamlet) -> None:
    async with at(hamlet, Door.DESK, hamlet.tokens["aubin"]) as aubin:
        await aubin.open("/desk/glass")
        await aubin.send("/desk/glass", **BREAKING)
        await aubin.send("/desk/glass/close")
        assert aubin.path == "/desk/records"
        assert "La coordination doit encore le contrôler" in aubin.words
        await aubin.open(f"/desk/records/{hamlet.odette}")
        assert aubin.status == 404
