"""« Doublons » by plain forms: two records of one person are joined, read together, and parted."""

from __future__ import annotations

from datetime import date

from server.kernel.ids import PatientId
from server.people.rules import Sex, Traits
from tests.clinic_ui.front_office.village import Village, Visitor


async def _odette_again(village: Village, name: str = "Lavernge") -> PatientId:
    traits = Traits(name, ("Odette",), date(1945, 3, 3), Sex.FEMALE, phone="02 99 00 99 99")
    new = await village.clinic.people.register(village.who["sylvie"], traits, force=True, fictitious=True)
    return new.patient_id


async def test_two_records_are_compared_joined_and_parted(village: Village, sylvie: Visitor) -> None:
    first, second = village.patients["Odette"], await _odette_again(village)
    await sylvie.open("/office/patients")
    assert 'href="/office/duplicates"' in sylvie.text
    await sylvie.open("/office/duplicates")
    pair = f"/office/duplicates/{first}/{second}"
    assert f'href="{pair}"' in sylvie.text
    assert "même date de naissance, nom à une lettre près" in sylvie.words
    await sylvie.open(pair)
    assert "Lavernge différent" in sylvie.words
    await sylvie.send(pair, keep=first)
    assert (sylvie.status, "Cochez : vous avez vérifié" in sylvie.words) == (422, True)
    await sylvie.send(pair, keep=village.site, sure="yes")
    assert (sylvie.status, "Choisissez le dossier qui reste" in sylvie.words) == (422, True)
    await sylvie.send(pair, keep=second, sure="yes")
    trail = f"/office/patients/{second}/merges"
    assert sylvie.path == f"{trail}?done=joined"
    assert "réuni avec Odette Lavernge" in sylvie.words
    await sylvie.open(village.odette)  # an old address leads to the record that was kept
    assert (sylvie.status, f'href="{trail}"' in sylvie.text) == (200, True)
    assert "02 99 00 99 99" in sylvie.words
    await sylvie.open(pair)
    assert sylvie.status == 409
    await sylvie.open(trail)
    await sylvie.send(trail, joined=second)
    assert (sylvie.status, "n’est réuni avec aucun autre" in sylvie.words) == (409, True)
    await sylvie.open(trail)
    await sylvie.send(trail)
    assert "séparés, comme avant" in sylvie.words
    await sylvie.open(village.odette)
    assert "02 99 00 11 22" in sylvie.words


async def test_two_people_who_look_alike_are_not_shown_again(village: Village, sylvie: Visitor) -> None:
    other = await _odette_again(village, "Lavergne")
    pair = f"/office/duplicates/{village.patients['Odette']}/{other}"
    await sylvie.open(pair)
    await sylvie.send(f"{pair}/apart")
    assert "Aucun doublon n’est vu" in sylvie.words


async def test_nobody_is_joined_while_they_wait(village: Village, sylvie: Visitor) -> None:
    first, other = village.patients["Odette"], await _odette_again(village)
    await village.waiting()
    pair = f"/office/duplicates/{first}/{other}"
    await sylvie.open(pair)
    await sylvie.send(pair, keep=first, sure="yes")
    assert (sylvie.status, "Une visite est en cours" in sylvie.words) == (409, True)
