"""A first visit, end to end, as its people would tell it: over the JSON routes, on both databases."""

import asyncio
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from tests.running import Running
from tests.visitors import Visitor, visitors

NO_FLAGS = {"chest-pain": False, "breathless": False, "stroke": False, "bleeding": False}
CONSENT = {"given": True, "text_version": "2026-03", "mode": "touch"}
NOTE: dict[str, Any] = {
    "examination": "Orientée, pas de déficit moteur.",
    "conclusion": "Vertiges positionnels probables.",
    "none_prescribed": True,
    "no_incident": True,
    "advice": "Levez-vous doucement le matin.",
    "follow_up": {"in_days": 7, "modality": "VR", "with_health_worker": True, "why": "Tension à revoir"},
}


async def _recognised(cabin: Visitor, house: Running) -> str:
    """The cabin's pages recognise people by code; here we ask the service for the id that they then use."""
    async with house.clinic.database.reading() as tx:
        blind = house.clinic.vault.blind("patient", "code", "258036")
        found = await tx.execute(text("SELECT id FROM patient WHERE code_index = :blind"), {"blind": blind})
        return str(found.scalar_one())


async def _waits(cabin: Visitor, patient_id: str) -> str:
    """Odette arrives, says why she comes, answers, consents, and waits."""
    arrived = await cabin.post("/api/cabin/arrive", {"patient_id": patient_id, "accompanied": "alone"})
    assert arrived.status == 201, arrived
    reason = await cabin.post("/api/cabin/reason", {"reason": "pain", "words": "La tête tourne le matin."})
    assert reason.body["visit"]["step"] == "flags"
    assert (await cabin.post("/api/cabin/seat")).status in {403, 409}
    flags = await cabin.post("/api/cabin/flags", {"flags": NO_FLAGS})
    assert flags.body["visit"]["step"] == "consent"
    waiting = await cabin.post("/api/cabin/consent", CONSENT)
    assert waiting.body["visit"]["step"] == "waiting"
    assert waiting.body["visit"]["place"] == 1
    return str(arrived.body["encounter_id"])


async def _taken_by_one_of_two(first: Visitor, second: Visitor, visit: str) -> Visitor:
    """Two doctors press « Prendre » in the same second."""
    answers = await asyncio.gather(first.post(f"{visit}/claim"), second.post(f"{visit}/claim"))
    assert sorted(answer.status for answer in answers) == [201, 409]
    loser = next(answer for answer in answers if answer.status == 409)
    assert loser.code == "already-taken"
    assert "Dr" in loser.body["error"]["message"]
    return first if answers[0].status == 201 else second


async def _signed(desk: Visitor, visit: str) -> dict[str, Any]:
    """The doctor writes, hangs up and signs; signing with items lacking is refused by name."""
    empty = await desk.put(f"{visit}/note", {"body": {}, "row_ver": 0})
    assert empty.status == 200, empty
    await desk.post(f"{visit}/hang-up")
    refused = await desk.post(f"{visit}/sign", {"row_ver": empty.body["row_ver"]})
    assert refused.status == 422
    assert {"conclusion", "acts", "incidents"} <= refused.body["error"]["fields"].keys()
    saved = await desk.put(f"{visit}/note", {"body": NOTE, "row_ver": empty.body["row_ver"]})
    stale = await desk.put(f"{visit}/note", {"body": {}, "row_ver": empty.body["row_ver"]})
    assert (stale.status, stale.code) == (409, "edited-elsewhere")
    signed = await desk.post(f"{visit}/sign", {"row_ver": saved.body["row_ver"]})
    assert signed.status == 200, signed
    assert (await desk.put(f"{visit}/note", {"body": {}, "row_ver": saved.body["row_ver"]})).status in {404, 409}
    return dict(signed.body)


async def test_a_first_visit_from_the_door_to_the_booked_follow_up(either_village: Running) -> None:
    house = either_village
    everybody = {"cabin": "cabine-saint-fiacre", "desk_1": "aubin", "desk_2": "haddad", "office": "sylvie"}
    async with visitors(house.origin, **everybody) as (cabin, aubin, haddad, sylvie):
        encounter_id = await _waits(cabin, await _recognised(cabin, house))
        visit = f"/api/encounters/{encounter_id}"
        queue = (await aubin.get("/api/queue")).body["queue"]
        assert [item["name"] for item in queue] == ["Odette Lavergne"]
        assert (await cabin.post("/api/cabin/seat")).status == 201

        desk = await _taken_by_one_of_two(aubin, haddad, visit)
        assert (await desk.post(f"{visit}/connected")).status == 200
        current = await cabin.get("/api/cabin/visit")
        assert (current.body["visit"]["step"], current.body["visit"]["call"]) == ("call", "live")

        signed = await _signed(desk, visit)
        assert signed["promise_id"]
        proposals = (await cabin.get("/api/cabin/proposals")).body
        assert len(proposals["choices"]) == 3
        await _books_once(cabin, sylvie, signed["promise_id"], proposals)

        goodbye = await cabin.post("/api/cabin/goodbye", {"face": 3})
        assert goodbye.status == 200
        assert (await cabin.get("/api/cabin/visit")).body["visit"] is None


async def _books_once(cabin: Visitor, sylvie: Visitor, promise_id: str, proposals: dict[str, Any]) -> None:
    """The cabin and the health worker press the same card at once: one books, the other gets fresh cards."""
    card = proposals["choices"][0]
    places = {"cabin_id": card["cabin"], "health_worker_id": card["health_worker"]}
    choice = {
        "starts_at": card["starts_at"],
        "practitioner_id": card["practitioner"]["id"],
        **{name: place["id"] for name, place in places.items() if place},
    }
    answers = await asyncio.gather(
        cabin.post("/api/cabin/book", choice, Idempotency_Key=str(uuid4())),
        sylvie.post(f"/api/promises/{promise_id}/book", choice, Idempotency_Key=str(uuid4())),
    )
    assert sorted(answer.status for answer in answers) == [201, 409], answers


async def test_a_refused_consent_ends_in_a_proposal_in_person_and_no_seat(village: Running) -> None:
    async with visitors(village.origin, cabin="cabine-saint-fiacre", desk="aubin") as (cabin, desk):
        patient_id = await _recognised(cabin, village)
        await cabin.post("/api/cabin/arrive", {"patient_id": patient_id})
        await cabin.post("/api/cabin/reason", {"reason": "fever"})
        await cabin.post("/api/cabin/flags", {"flags": NO_FLAGS})
        refused = await cabin.post("/api/cabin/consent", {**CONSENT, "given": False})
        assert refused.body["visit"]["cancel_reason"] == "refused-consent"
        assert (await cabin.post("/api/cabin/seat")).status in {403, 404, 409}
        assert (await desk.get("/api/queue")).body["queue"] == []
