"""A robot doctor: it meets a robot patient on a real server, leaves real people alone, and gives back who it leaves."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from server.kernel.access import Door
from server.robots.errors import Refused
from server.robots.gp import DoctorPlan, RobotDoctor, consult_as_doctor
from server.robots.patient import PatientPlan, RobotPatient, visit_as_patient
from server.robots.visitor import signed_in
from server.village.sign_ins import PASSWORD
from tests.running import Running
from tests.server.robots.notebook import Notebook, begun
from tests.visitors import visitors

CABIN, DOCTOR = "cabine-saint-fiacre", "aubin"
ODETTE = PatientPlan(CABIN, PASSWORD, {"code": "258036"})


def _of_robots() -> set[str]:
    """The tasks of robots: their sockets, peers and words; those of the server's own connections are not ours."""
    return {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith(("peer", "robot"))}


async def test_a_robot_doctor_sees_a_robot_patient_from_the_door_to_the_smiley(demonstration: Running) -> None:
    patient, doctor = Notebook(), Notebook()
    async with begun(visit_as_patient(demonstration.origin, ODETTE, patient)) as visit:
        await patient.hears("Odette Lavergne attend. Place dans la file : 1.")
        await consult_as_doctor(demonstration.origin, DoctorPlan(DOCTOR, PASSWORD, 1, 3.0), doctor)
        await asyncio.wait_for(visit, 30)
    assert _of_robots() == set()
    assert "image et son passent" in patient
    assert "laisse un sourire" in patient
    received = next(one for one in doctor.said if one.startswith("Reçu : "))
    assert not {"0", "1"} & set(received.replace(",", "").split()), received
    assert "Reçu de l’appareil : " in doctor
    assert "°C" in doctor
    assert "Note signée" in doctor
    async with visitors(demonstration.origin, cabin=CABIN, desk=DOCTOR, office="sylvie") as (cabin, desk, office):
        assert (await cabin.get("/api/cabin/visit")).body["visit"] is None
        assert (await desk.get("/api/desk/visit")).body["visit"] is None
        promises = (await office.get("/api/office/promises")).body
        assert "ROBOT · essai" in str(promises)
    async with demonstration.clinic.database.reading() as tx:
        faces = (await tx.execute(text("SELECT face FROM feedback ORDER BY at DESC LIMIT 1"))).scalar_one()
    assert faces == 3


async def test_a_robot_doctor_takes_nobody_real(demonstration: Running) -> None:
    async with demonstration.clinic.database.transaction() as tx:
        await tx.execute(text("UPDATE patient SET fictitious = false"))
    told = Notebook()
    async with visitors(demonstration.origin, cabin=CABIN) as (cabin,):
        await _waits_as_a_real_person(cabin, demonstration)
        async with begun(consult_as_doctor(demonstration.origin, DoctorPlan(DOCTOR, PASSWORD), told)):
            await told.hears("un robot ne la prend pas")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(told.hears("est pris en charge"), 2)
            assert (await cabin.get("/api/cabin/visit")).body["visit"]["step"] == "waiting"
    assert _of_robots() == set()


async def _waits_as_a_real_person(cabin, house: Running) -> None:  # type: ignore[no-untyped-def]
    async with house.clinic.database.reading() as tx:
        blind = house.clinic.vault.blind("patient", "code", "258036")
        found = await tx.execute(text("SELECT id FROM patient WHERE code_index = :blind"), {"blind": blind})
    await cabin.post("/api/cabin/arrive", {"patient_id": str(found.scalar_one())})
    await cabin.post("/api/cabin/reason", {"reason": "fever"})
    flags = {"chest-pain": False, "breathless": False, "stroke": False, "bleeding": False}
    await cabin.post("/api/cabin/flags", {"flags": flags})
    waits = await cabin.post("/api/cabin/consent", {"given": True, "text_version": "2026-03", "mode": "touch"})
    assert waits.body["visit"]["step"] == "waiting"


async def test_a_robot_doctor_that_is_stopped_gives_the_patient_back(demonstration: Running) -> None:
    origin, doctor = demonstration.origin, Notebook()
    async with begun(visit_as_patient(origin, ODETTE, Notebook())) as visit:
        async with begun(consult_as_doctor(origin, DoctorPlan(DOCTOR, PASSWORD, 1, 60), doctor)):
            await doctor.hears("se voient et s’entendent")
        async with signed_in(origin, Door.DESK, "haddad", PASSWORD, "fr") as desk:
            queue = (await desk.ask("GET", "/api/queue"))["queue"]
            assert [(item["name"], item["state"]) for item in queue] == [("Odette Lavergne", "waiting")]
            await RobotDoctor(desk, DoctorPlan("haddad", PASSWORD, 1, 0.5), doctor).consult()
        await asyncio.wait_for(visit, 30)
    assert _of_robots() == set()


async def test_a_doctor_who_is_with_somebody_is_not_disturbed(demonstration: Running) -> None:
    async with (
        signed_in(demonstration.origin, Door.CABIN, CABIN, PASSWORD, "fr") as cabin,
        signed_in(demonstration.origin, Door.DESK, DOCTOR, PASSWORD, "en") as desk,
    ):
        told = Notebook()
        async with begun(RobotPatient(cabin, ODETTE, told).visit()):
            await told.hears("attend. Place")
            queue = (await desk.ask("GET", "/api/queue"))["queue"]
            await desk.post(f"/api/encounters/{queue[0]['encounter_id']}/claim")
            with pytest.raises(Refused, match="déjà avec quelqu’un"):
                await RobotDoctor(desk, DoctorPlan(DOCTOR, PASSWORD), Notebook()).consult()
