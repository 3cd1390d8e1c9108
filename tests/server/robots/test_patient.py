"""A robot patient: it comes in only where all is invented, never sits on a person, and leaves the cabin as it was."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from server.config import Config
from server.robots.errors import Refused
from server.robots.patient import PatientPlan, visit_as_patient
from server.village.sign_ins import PASSWORD
from tests.running import Running, running
from tests.server.robots.notebook import Notebook, begun
from tests.visitors import visitors

CABIN = "cabine-saint-fiacre"
ODETTE = PatientPlan(CABIN, PASSWORD, {"code": "258036"})


async def _refused(house: Running, plan: PatientPlan) -> Refused:
    with pytest.raises(Refused) as refused:
        await asyncio.wait_for(visit_as_patient(house.origin, plan, Notebook()), 20)
    async with visitors(house.origin, cabin=CABIN) as (cabin,):
        assert (await cabin.get("/api/cabin/visit")).body["visit"] is None, "nobody came in"
    return refused.value


async def test_it_never_takes_the_name_of_somebody_real(demonstration: Running) -> None:
    async with demonstration.clinic.database.transaction() as tx:
        await tx.execute(text("UPDATE patient SET fictitious = false"))
    for who in ({"code": "258036"}, {"name": "Lavergne", "born_on": "1945-03-03"}):
        refused = await _refused(demonstration, replace(ODETTE, who=who))
        assert (refused.code, "n’est pas fictive" in refused.message) == ("not-fictitious", True)


async def test_it_does_not_come_in_where_the_account_is_no_demonstrations(village_config: Config) -> None:
    async with running(village_config) as house:  # the same people, on a server that is no demonstration
        refused = await _refused(house, ODETTE)
        assert (refused.code, "démonstration" in refused.message) == ("no-robots", True)
        async with visitors(house.origin, cabin=CABIN) as (cabin,):
            assert (await cabin.post("/api/robots/recognise", {"code": "258036"})).code == "no-robots"


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (replace(ODETTE, password="wrong-password"), "vérifiez l’identifiant"),
        (replace(ODETTE, cabin="cabine-nulle-part"), "vérifiez l’identifiant"),
        (replace(ODETTE, who={"code": "000000"}), "Ce code n’est pas connu"),
        (replace(ODETTE, who={}), "Dites qui vient"),
        (replace(ODETTE, who={"code": "000000"}, locale="en"), "not known"),
    ],
    ids=["password", "cabin", "code", "nobody", "in English"],
)
async def test_it_says_plainly_why_it_cannot_come_in(demonstration: Running, plan: PatientPlan, told: str) -> None:
    assert told in (await _refused(demonstration, plan)).message


async def test_it_says_that_nothing_answers() -> None:
    with pytest.raises(Refused, match="make demo"):
        await visit_as_patient("http://localhost:1", ODETTE, Notebook())


async def test_it_leaves_the_line_when_it_is_stopped_and_never_sits_on_somebody(demonstration: Running) -> None:
    told = Notebook()
    async with begun(visit_as_patient(demonstration.origin, ODETTE, told)):
        await told.hears("attend. Place")
        with pytest.raises(Refused, match="est occupée"):
            await visit_as_patient(demonstration.origin, replace(ODETTE, who={"code": "620115"}), Notebook())
    assert "quitte la file" in told
    async with visitors(demonstration.origin, cabin=CABIN, desk="aubin") as (cabin, desk):
        assert (await cabin.get("/api/cabin/visit")).body["visit"] is None
        assert (await desk.get("/api/queue")).body["queue"] == []
