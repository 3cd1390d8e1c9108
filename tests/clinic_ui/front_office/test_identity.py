"""Making sure who somebody is, by plain forms."""

from __future__ import annotations

import re

from tests.clinic_ui.front_office.village import Village, Visitor


async def test_an_identity_is_confirmed_doubted_and_a_lost_paper_replaced(village: Village, sylvie: Visitor) -> None:
    await sylvie.open("/office/patients/new")
    await sylvie.send(
        "/office/patients/new", birth_name="Kermarrec", given_names="Yann", born_on="9/7/1958", sex="male"
    )
    lost = "".join(re.findall(r"<span>(\d{3})</span>", sylvie.text))
    home = re.search(r'href="(/office/patients/[0-9a-f-]{36})"', sylvie.text)
    assert home is not None
    identity = f"{home[1]}/identity"
    await sylvie.open(identity)
    await sylvie.send(identity, 0, document="")
    assert (sylvie.status, "Choisissez la pièce" in sylvie.words) == (422, True)
    await sylvie.send(identity, 0, document="passport")
    assert (sylvie.path, "Identité validée" in sylvie.words) == (f"{home[1]}?done=identity", True)
    await sylvie.open(identity)
    await sylvie.send(identity, 1, ins="158079999900100")
    assert (sylvie.status, "relisez les 15 caractères" in sylvie.words) == (422, True)
    await sylvie.send(identity, 2)
    assert "Identité douteuse" in sylvie.words
    await sylvie.open(identity)
    await sylvie.send(identity)
    assert "Identité validée" in sylvie.words
    await sylvie.open(identity)
    await sylvie.send(f"{home[1]}/code")
    fresh = "".join(re.findall(r"<span>(\d{3})</span>", sylvie.text))
    assert re.fullmatch(r"\d{6}", fresh)
    assert fresh != lost


async def test_a_person_is_found_with_the_reason(village: Village, sylvie: Visitor) -> None:
    await sylvie.open("/office/patients")
    await sylvie.send("/office/patients", q="Odete Lavernge 4/3/1945")
    assert f'href="{village.odette}"' in sylvie.text
    assert "jour de naissance différent, nom" in sylvie.words
