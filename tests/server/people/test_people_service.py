"""Registering, recognising and searching patients, on both databases."""

from datetime import date
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from sqlalchemy import text, update

from server.database.engine import Database
from server.kernel.access import Identity, Role
from server.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany
from server.kernel.ids import AccountId, CabinId, PractitionerId, SiteId, new_id
from server.people.directory import NameFit
from server.people.identity import Move
from server.people.places import Places
from server.people.rules import DocumentKind, IdentityStatus, Sex, SiteKind, Traits
from server.people.service import People, PossibleDuplicate
from server.people.tables import CabinRow, CareRelation, PractitionerRow, SiteRow
from server.people.wanted import DateFit
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from server.records.seal.tables import PatientKey
from server.records.seal.vault import PatientVault
from tests.clock import FakeClock

ODETTE = Traits("Lavergne", ("Odette",), date(1945, 3, 3), Sex.FEMALE, phone="01 99 00 12 34")
HERE = SiteId(new_id())
THERE = SiteId(new_id())
CABIN = CabinId(new_id())
GP = PractitionerId(new_id())


def _who(role: Role, site: SiteId | None = None) -> Identity:
    gp = GP if role is Role.GP else None
    cabin = CABIN if role is Role.CABIN else None
    return Identity(AccountId(new_id()), role, "x", "X", site_id=site, practitioner_id=gp, cabin_id=cabin)


NURSE = _who(Role.HEALTH_WORKER, HERE)
BOOTH = _who(Role.CABIN)


@pytest_asyncio.fixture(loop_scope="session")
async def people(database: Database, tmp_path: Path, clock: FakeClock) -> People:
    vault = await unlock(database, init_key(tmp_path / "keys.json").path, clock)
    words = dict.fromkeys(("name", "commune", "postcode", "address", "phone", "samu_phone", "aed"), "-")
    async with database.transaction() as tx:
        for site in (HERE, THERE):
            tx.add(
                SiteRow(
                    id=site,
                    kind=SiteKind.TOWN_HALL,
                    insee="22999",
                    zone="Europe/Paris",
                    latitude=48,
                    longitude=-3,
                    **words,
                )
            )
        tx.add(PractitionerRow(id=GP, name="Dr", specialty="-", rpps="10999900011", place="-", phone="-"))
        await tx.flush()
        tx.add(CabinRow(id=CABIN, site_id=HERE, name="Cabine", access_notes="", phone="-", in_service=True))
    return People(database, vault, clock)


async def test_a_registered_person_is_found_by_code_by_name_and_by_search(people: People) -> None:
    new = await people.register(NURSE, ODETTE)
    assert len(new.code) == 6
    by_code = await people.recognise_code(BOOTH, f"{new.code[:3]} {new.code[3:]}")
    by_name = await people.recognise_name(BOOTH, "LAVERGNE ", ODETTE.born_on)
    searched = await people.search(NURSE, "odete lav")
    read = await people.read(NURSE, new.patient_id)
    assert [by_code.id, by_name.id, searched[0].patient.id, read.id] == [new.patient_id] * 4
    assert read.traits == ODETTE
    assert read.status is IdentityStatus.PROV


@pytest.mark.parametrize(
    "other",
    [
        ODETTE,
        Traits("lavergne", ("Odète",), date(1945, 3, 3), Sex.FEMALE),
        Traits("Lavergne", ("Odette",), date(1945, 3, 13), Sex.FEMALE),
        Traits("Lavergn", ("Odette",), date(1945, 3, 3), Sex.FEMALE),
    ],
)
async def test_somebody_very_alike_is_shown_before_anything_is_saved(
    people: People, database: Database, other: Traits
) -> None:
    first = await people.register(NURSE, ODETTE)
    with pytest.raises(PossibleDuplicate) as found:
        await people.register(NURSE, other)
    assert [patient.id for patient in found.value.duplicates] == [first.patient_id]
    async with database.reading() as tx:
        assert (await tx.execute(text("SELECT count(*) FROM patient"))).scalar_one() == 1
    forced = await people.register(NURSE, other, force=True)
    assert forced.patient_id != first.patient_id


async def test_somebody_else_is_not_a_duplicate(people: People) -> None:
    await people.register(NURSE, ODETTE)
    await people.register(NURSE, Traits("Lavergne", ("Marcel",), date(1975, 7, 8), Sex.MALE))


async def test_twins_are_not_told_apart_on_a_screen(people: People) -> None:
    await people.register(NURSE, ODETTE)
    await people.register(NURSE, Traits("Lavergne", ("Paulette",), ODETTE.born_on, Sex.FEMALE), force=True)
    with pytest.raises(NotFound):
        await people.recognise_name(BOOTH, "Lavergne", ODETTE.born_on)


async def test_guessing_codes_is_slowed_down(people: People) -> None:
    for guess in range(10):
        with pytest.raises(NotFound):
            await people.recognise_code(BOOTH, f"{guess:06d}")
    with pytest.raises(TooMany):
        await people.recognise_code(BOOTH, "000011")


async def test_another_site_sees_nothing_of_our_patients(people: People) -> None:
    new = await people.register(NURSE, ODETTE)
    stranger = _who(Role.HEALTH_WORKER, THERE)
    assert await people.search(stranger, "lavergne") == []
    with pytest.raises(NotFound):
        await people.read(stranger, new.patient_id)


async def test_a_gp_reads_only_while_a_care_relation_runs(people: People, database: Database, clock: FakeClock) -> None:
    new = await people.register(NURSE, ODETTE)
    gp = _who(Role.GP)
    with pytest.raises(NotFound):
        await people.read(gp, new.patient_id)
    async with database.transaction() as tx:
        until = clock.advance(hours=0).replace(hour=9)
        tx.add(CareRelation(patient_id=new.patient_id, practitioner_id=GP, since=clock(), until=until, treating=False))
    assert (await people.read(gp, new.patient_id)).id == new.patient_id
    clock.advance(hours=1)
    with pytest.raises(NotFound):
        await people.read(gp, new.patient_id)


async def test_roles_without_the_act_are_refused(people: People) -> None:
    for role in (Role.CABIN, Role.COORDINATOR, Role.ADMIN, Role.GP):
        with pytest.raises(NotAllowed):
            await people.register(_who(role, HERE), ODETTE)
        with pytest.raises(NotAllowed):
            await people.search(_who(role, HERE), "lavergne")


async def test_impossible_traits_write_nothing(people: People, database: Database) -> None:
    with pytest.raises(Invalid):
        await people.register(NURSE, Traits("", ("Odette",), ODETTE.born_on, Sex.FEMALE))
    async with database.reading() as tx:
        assert (await tx.execute(text("SELECT count(*) FROM audit_event"))).scalar_one() == 0


async def test_no_name_phone_or_code_is_in_the_database_in_clear(people: People, database: Database) -> None:
    new = await people.register(NURSE, ODETTE)
    async with database.reading() as tx:
        rows = [str((await tx.execute(text(f"SELECT * FROM {table}"))).all()) for table in _TABLES]
    for secret in ("Lavergne", "lavergne", "Odette", "01 99 00", new.code, "1945"):
        assert secret not in "".join(rows)


_TABLES = ("patient", "patient_name_index", "audit_event", "patient_key")


async def test_every_read_is_in_the_audit_log(people: People, database: Database) -> None:
    new = await people.register(NURSE, ODETTE)
    await people.read(NURSE, new.patient_id)
    await people.search(NURSE, "lav")
    async with database.reading() as tx:
        acts = (await tx.execute(text("SELECT action FROM audit_event ORDER BY id"))).scalars().all()
    assert acts == ["patient:registered", "patient:read", "patient:searched"]


async def test_places_name_the_cabin_its_site_and_its_people(people: People, database: Database) -> None:
    post = await Places(database).post(BOOTH, CABIN)
    assert (post.cabin.id, post.site.id, post.health_workers) == (CABIN, HERE, ())


async def test_people_are_found_with_the_reason_as_their_rows_stand(people: People, clock: FakeClock) -> None:
    odette = await people.register(NURSE, ODETTE)
    assert [one.patient.id for one in await people.search(NURSE, "Lavernge 13/03/1945")] == [odette.patient_id]
    twin = await people.register(NURSE, msgspec.structs.replace(ODETTE, given_names=("Paulette",)), force=True)
    found = await people.search(NURSE, "Odette Lavergne 3/3/1945")
    assert [(one.patient.id, one.name_fit, one.date_fit) for one in found] == [
        (odette.patient_id, NameFit.SAME, DateFit.SAME),
        (twin.patient_id, NameFit.PART, DateFit.SAME),
    ]


async def test_whose_key_was_destroyed_hides_nobody_else(people: People, database: Database) -> None:
    gone = await people.register(NURSE, ODETTE)
    await people.register(NURSE, msgspec.structs.replace(ODETTE, given_names=("Paulette",)), force=True)
    async with database.transaction() as tx:
        await tx.execute(update(PatientKey).where(PatientKey.patient_id == gone.patient_id).values(wrapped=None))
    vault = people._vault
    assert isinstance(vault, PatientVault)
    vault.forget()
    assert [one.patient.traits.given_names for one in await people.search(NURSE, "lavergne")] == [("Paulette",)]


async def test_an_identity_is_confirmed_step_by_step_and_the_log_says_how(people: People, database: Database) -> None:
    new = await people.register(NURSE, ODETTE)
    seen = await people.identify(NURSE, new.patient_id, Move.DOCUMENT, 1, document=DocumentKind.PASSPORT)
    sure = await people.identify(NURSE, new.patient_id, Move.INSI, seen.row_ver, ins="2 58 03 63 999 001 63")
    assert [seen.status, sure.status] == [IdentityStatus.VALI, IdentityStatus.QUAL]
    assert (await people.read(NURSE, new.patient_id)).traits == sure.traits
    with pytest.raises(Conflict):
        await people.identify(NURSE, new.patient_id, Move.DOUBT, seen.row_ver)
    with pytest.raises(NotFound):
        await people.identify(_who(Role.HEALTH_WORKER, THERE), new.patient_id, Move.DOUBT, sure.row_ver)
    for role in (Role.CABIN, Role.COORDINATOR, Role.ADMIN, Role.GP):
        with pytest.raises(NotAllowed):
            await people.identify(_who(role, HERE), new.patient_id, Move.DOUBT, sure.row_ver)
    async with database.reading() as tx:
        told = await tx.execute(text("SELECT reason FROM audit_event WHERE action = 'patient:identified' ORDER BY id"))
        assert told.scalars().all() == ["document passport: PROV>VALI", "insi: VALI>QUAL"]


async def test_a_lost_paper_is_replaced_and_opens_nothing_any_more(people: People) -> None:
    lost = await people.register(NURSE, ODETTE)
    fresh = await people.renew_code(NURSE, lost.patient_id)
    assert (await people.recognise_code(BOOTH, fresh.code)).id == lost.patient_id
    with pytest.raises(NotFound):
        await people.recognise_code(BOOTH, lost.code)
    with pytest.raises(NotFound):
        await people.renew_code(_who(Role.HEALTH_WORKER, THERE), lost.patient_id)
