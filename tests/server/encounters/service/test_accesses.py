"""The patient, and the health worker beside them, read who opened the record; nobody else does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from server.audit.rules import Action
from server.encounters.access_rules import Opening
from server.encounters.service import accesses
from server.encounters.service.accesses import AccessBook
from server.kernel.errors import NotAllowed, NotFound
from server.kernel.ids import SiteId, new_id
from tests.server.encounters.village import Village

PARIS = ZoneInfo("Europe/Paris")


async def test_the_patient_in_the_cabin_reads_the_day_and_the_reading_stands_in_it_next_time(village: Village) -> None:
    book = AccessBook(village.ground)
    encounter_id = await village.waiting()
    await village.queue.claim(village.gp, encounter_id)
    told = await book.mine(village.cabin, PARIS, days=3)
    found = {opening for day in told.days for person in day.people for opening in person.openings}
    assert Opening.RECEIVED in found
    assert Opening.ACCESSES_READ not in found
    again = await book.mine(village.cabin, PARIS, days=3)
    assert any(Opening.ACCESSES_READ in person.openings for person in again.days[0].people)
    assert await village.logged(Action.ACCESSES_READ) == 2


async def test_the_health_worker_of_the_site_reads_it_and_one_of_another_site_does_not(village: Village) -> None:
    book = AccessBook(village.ground)
    patient = await village.patient()
    assert (await book.of_patient(village.nurse, patient, PARIS, days=3)).days
    stranger = replace(village.nurse, site_id=SiteId(new_id()))
    with pytest.raises(NotFound):
        await book.of_patient(stranger, patient, PARIS, days=3)
    with pytest.raises(NotAllowed):
        await book.of_patient(village.gp, patient, PARIS, days=3)
    assert await village.logged(Action.ACCESSES_READ) == 1


async def test_an_empty_cabin_shows_nothing_of_anybody(village: Village) -> None:
    with pytest.raises(NotFound):
        await AccessBook(village.ground).mine(village.cabin, PARIS, days=3)


async def test_the_book_is_read_page_by_page(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    book, patient = AccessBook(village.ground), await village.patient()
    for _ in range(5):
        village.clock.advance(timedelta(days=1))
        await village.people.read(village.nurse, patient)
        await village.people.read(village.nurse, patient)
    for most in (3000, 3):
        monkeypatch.setattr(accesses, "READ_MOST", most)
        seen, before = [], None
        while True:
            page = await book.of_patient(village.nurse, patient, PARIS, before, days=2)
            seen += [day.on for day in page.days]
            before = page.older
            if before is None:
                break
        assert len(seen) == len(set(seen)) == 6
        assert seen == sorted(seen, reverse=True)
