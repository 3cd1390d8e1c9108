"""What the front office refuses: strangers, other sites, foreign forms, nonsense; and what it never shows."""

from __future__ import annotations

import re
from uuid import uuid4

import aiohttp
import pytest

from server.kernel.access import Door
from server.kernel.policy import ROUTES
from server.people.rules import Sex, Traits
from tests.clinic_ui.front_office.village import Village, Visitor, visitor_of

HOSTILE = '"><script>alert(1)</script><b>'
PAGES = sorted(path for method, path in ROUTES if method == "GET" and path.startswith("/office"))
FORMS = sorted(path for method, path in ROUTES if method == "POST" and path.startswith("/office"))
ONE_PRESS = (  # a button and its token are the whole form
    "/office/patients/{patient_id}/code",
    "/office/hours/calendar/feeds",
    "/office/hours/calendar/feeds/{feed_id}",
)


def _filled(path: str, village: Village) -> str:
    return re.sub(
        r"\{patient_id\}", str(village.patients["Odette"]), re.sub(r"\{(?!patient_id)\w+\}", str(uuid4()), path)
    )


@pytest.mark.parametrize("path", PAGES)
async def test_a_stranger_is_led_to_the_door(village: Village, path: str) -> None:
    async with aiohttp.ClientSession() as nobody:
        answer = await nobody.get(village.running.origin + _filled(path, village), allow_redirects=False)
        assert answer.status == 303
        assert answer.headers["Location"].startswith("/signin/office")


@pytest.mark.parametrize(("login", "door"), [("aubin", Door.DESK), ("mairie", Door.COORDINATION)])
async def test_a_session_of_another_door_opens_nothing_here(village: Village, login: str, door: Door) -> None:
    async with visitor_of(village, login, door) as other:
        await other.open("/office")
        assert other.path.startswith("/signin/office")
    async with visitor_of(village, login, Door.OFFICE) as other:  # the token of another door under this door's name
        await other.open("/office")
        assert other.path.startswith("/signin/office")


async def test_people_of_another_site_are_not_there(village: Village, nolwenn: Visitor) -> None:
    promise = await village.promised()
    encounter = await village.waiting("Yvon")
    for path in ("", "/background", "/measures", "/queue", "/follow-ups"):
        await nolwenn.open(village.odette + path)
        assert nolwenn.status == 404
        assert "Lavergne" not in nolwenn.text
    await nolwenn.open(f"/office/promises/{promise}")
    assert nolwenn.status == 404
    await nolwenn.open("/office")
    assert "Le Bras" not in nolwenn.text
    for path, fields in (
        (f"{village.odette}/measures", {"systolic": "130"}),
        (f"{village.odette}/background", {"row_ver": "0", "allergies": "Iode"}),
        (f"/office/visits/{encounter}/out", {"reason": "gave-up"}),
        (f"/office/promises/{promise}/call-back", {}),
    ):
        await nolwenn.open("/office/patients")
        await nolwenn.post(path, **fields)
        assert nolwenn.status == 404, path
    sylvie = village.who["sylvie"]
    assert await village.clinic.measures.read(sylvie, village.patients["Odette"]) == []
    assert len(await village.clinic.front_office.line(sylvie)) == 1


async def test_an_appointment_of_another_site_is_not_there(village: Village) -> None:
    appointment = await village.expected_now()
    async with visitor_of(village, "nolwenn") as nolwenn:
        for path in ("", "/move", "/cancel"):
            await nolwenn.open(f"/office/appointments/{appointment}{path}")
            assert nolwenn.status == 404
            assert "Lavergne" not in nolwenn.text
        await nolwenn.open("/office/patients")
        await nolwenn.post(f"/office/appointments/{appointment}/cancel", version="1", reason="patient")
        assert nolwenn.status == 404


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_without_its_token_changes_nothing(village: Village, sylvie: Visitor, path: str) -> None:
    await sylvie.open("/office")
    await sylvie.post(_filled(path, village), csrf="wrong")
    assert sylvie.status == 403


@pytest.mark.parametrize("path", [path for path in FORMS if path not in ONE_PRESS])
async def test_an_empty_form_is_answered_and_writes_nothing(village: Village, sylvie: Visitor, path: str) -> None:
    await sylvie.open("/office")
    await sylvie.post(_filled(path, village))
    asked_nothing = {"/office/patients": 200, "/office/patients/{patient_id}/reminders": 200}  # no reminders, then
    assert sylvie.status in {asked_nothing.get(path, 422), 404}, path
    nurse, odette = village.who["sylvie"], village.patients["Odette"]
    assert await village.clinic.measures.read(nurse, odette) == []
    assert await village.clinic.front_office.line(nurse) == ()
    assert (await village.clinic.background.read(nurse, odette)).row_ver == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [("born_on", "31/02/1950"), ("born_on", "03/03/2050"), ("born_on", "01/01/1700"), ("sex", "x"), ("phone", "abc"),
     ("birth_place_insee", "!!"), ("birth_name", "x" * 101), ("given_names", ", ,"), ("address", "x" * 301)],
)  # fmt: skip
async def test_a_wrong_answer_is_told_beside_its_field(
    village: Village, sylvie: Visitor, field: str, value: str
) -> None:
    right = {"birth_name": "Morvan", "given_names": "Lucie", "born_on": "09/07/1990", "sex": "female"}
    await sylvie.open("/office/patients/new")
    await sylvie.send("/office/patients/new", **{**right, field: value})
    assert sylvie.status == 422
    assert f'id="{field}-wrong"' in sylvie.text
    assert await village.clinic.people.search(village.who["sylvie"], "Morvan") == []


@pytest.mark.parametrize("value", ["abc", "1e5", "--3", "NaN", "9" * 13, "1.2.3", "٣٧"])
async def test_what_is_no_number_is_no_measure(village: Village, sylvie: Visitor, value: str) -> None:
    page = f"{village.odette}/measures"
    await sylvie.open(page)
    await sylvie.send(page, temperature=value)
    assert sylvie.status == 422
    assert 'id="temperature-wrong"' in sylvie.text
    assert await village.clinic.measures.read(village.who["sylvie"], village.patients["Odette"]) == []


async def test_the_queue_wants_every_question_answered(village: Village, sylvie: Visitor) -> None:
    page = f"{village.odette}/queue"
    await sylvie.open(page)
    await sylvie.send(page, accompanied="alone")
    assert sylvie.status == 422
    for field in ("reason", "chest-pain", "breathless", "stroke", "bleeding", "consent"):
        assert f'id="{field}-wrong"' in sylvie.text
    assert await village.clinic.front_office.line(village.who["sylvie"]) == ()


async def test_a_cancellation_wants_a_reason(village: Village) -> None:
    appointment = await village.expected_now()
    async with visitor_of(village, "sylvie") as sylvie:
        await sylvie.open(f"/office/appointments/{appointment}/cancel")
        await sylvie.send(f"/office/appointments/{appointment}/cancel")
        assert sylvie.status == 422
        assert "Choisissez pourquoi" in sylvie.words


async def test_hostile_text_is_only_text(village: Village, sylvie: Visitor) -> None:
    nurse = village.who["sylvie"]
    odd = Traits(HOSTILE, (HOSTILE,), village.clock().date().replace(year=1950), Sex.FEMALE, address=HOSTILE)
    made = await village.clinic.people.register(nurse, odd)
    home = f"/office/patients/{made.patient_id}"
    await sylvie.open(f"{home}/background")
    await sylvie.send(f"{home}/background", allergies=HOSTILE, medications=HOSTILE)
    for path in (home, f"{home}/measures", f"{home}/queue", f"{home}/background", f"{home}/follow-ups"):
        await sylvie.open(path)
        assert "<script>alert" not in sylvie.text
        assert "&lt;script&gt;alert(1)" in sylvie.text
    await sylvie.open("/office/patients")
    await sylvie.send("/office/patients", q=HOSTILE)
    assert "<script>alert" not in sylvie.text
    await sylvie.send("/office/patients/new") if 'name="step"' in sylvie.text else None
    assert "<script>alert" not in sylvie.text
    await sylvie.open("/office/patients/new")
    await sylvie.send("/office/patients/new", birth_name=HOSTILE, given_names=HOSTILE, born_on=HOSTILE, sex=HOSTILE)
    assert "<script>alert" not in sylvie.text


async def test_the_answer_with_a_code_is_kept_by_no_cache(village: Village, sylvie: Visitor) -> None:
    async with aiohttp.ClientSession(cookies={"tc-office": village.tokens["sylvie"]}) as session:
        answer = await session.get(f"{village.running.origin}{village.odette}")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
