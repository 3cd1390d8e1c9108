"""A series at the front office: made of one follow-up, booked at once, moved with what follows, cancelled, stopped."""

from __future__ import annotations

import re

from tests.clinic_ui.front_office.village import Village, Visitor, visitor_of


async def test_a_series_from_its_making_to_its_end(village: Village, sylvie: Visitor) -> None:
    promise = await village.promised()
    await sylvie.open(f"/office/promises/{promise}/care")
    await sylvie.send(f"/office/promises/{promise}/repeat", every_days="0", times="3")
    assert sylvie.status == 422
    await sylvie.send(f"/office/promises/{promise}/repeat", every_days="7", times="3")
    assert "La série est faite." in sylvie.words
    series = sylvie.path.partition("?")[0]
    async with visitor_of(village, "nolwenn") as elsewhere:
        await elsewhere.open(series)
        assert elsewhere.status == 404
    await sylvie.post(f"{series}/book", line="demain")
    assert sylvie.status == 422
    lines = re.findall(r'name="line" value="([^"]*)"', sylvie.text)[:3]
    assert len(lines) == 3
    await sylvie.send(f"{series}/book", which=1)
    assert "1 moment réservé." in sylvie.words
    await sylvie.open(series)
    await sylvie.send(f"{series}/book", which=1)
    await sylvie.open(series)
    await sylvie.send(f"{series}/book")
    assert sylvie.words.count("Prévu") == 3
    (first, *_rest) = re.findall(r"/office/appointments/([\w-]+)", sylvie.text)
    await sylvie.open(f"/office/appointments/{first}/move?part=afternoon")
    assert "Et les suivants de la série" in sylvie.words
    await sylvie.send(f"/office/appointments/{first}/move", following="true")
    assert "3 rendez-vous déplacés." in sylvie.words
    await sylvie.send(f"{series}/cancel", number="2", reason="patient")
    assert "2 rendez-vous annulés." in sylvie.words
    await sylvie.send(f"{series}/stop", reason="no-longer-needed")
    assert "La série est arrêtée." in sylvie.words
    assert sylvie.words.count("Retiré") == 3
