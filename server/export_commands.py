"""`telecabin export …` and `telecabin import`: one record for its person, the whole site for another house.

exit code   0 done   1 refused, in words   78 a setting or a key is wrong
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import click

from clinic_ui.i18n import OFFERED, SOURCE
from clinic_ui.paper.folder import packed
from server.clinic import Clinic, open_clinic
from server.config import load
from server.interop.site import export_site, import_site
from server.kernel.access import Door, Identity
from server.kernel.clock import utc_now
from server.kernel.errors import ClinicError, ConfigError
from server.kernel.ids import PatientId
from server.records.seal.hygiene import harden
from server.records.seal.private import write_new

REFUSED, EX_CONFIG = 1, 78
Work = Callable[[Clinic, Identity], Awaitable[None]]
_LOGIN = click.option("--login", prompt=True)
_PASSWORD = click.password_option(confirmation_prompt=False)


@click.group("export")
def export() -> None:
    """Leave: a record for its person, or the whole site. In clear: keep what comes out accordingly."""
    harden()


@export.command("patient")
@click.argument("patient", type=click.UUID)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--locale", type=click.Choice(list(OFFERED)), default=SOURCE, help="The language of the paper.")
@_LOGIN
@_PASSWORD
def export_patient(patient: Any, path: Path, locale: str, login: str, password: str) -> None:
    """Write the record of PATIENT to PATH, a ZIP: PDF, FHIR R4, documents. A health worker of their site signs in."""

    async def work(clinic: Clinic, who: Identity) -> None:
        copy = await clinic.copies.of_patient(who, PatientId(patient))
        write_new(path, await packed(copy, locale))
        click.echo(f"Wrote {path}: {len(copy.bundle['entry'])} resources. It is not protected. The person will see it.")

    _signed_in(work, Door.OFFICE, login, password)


@export.command("site")
@click.argument("folder", type=click.Path(path_type=Path))
@_LOGIN
@_PASSWORD
def export_whole_site(folder: Path, login: str, password: str) -> None:
    """Write the whole site into a new FOLDER, every record in clear. An admin signs in."""

    async def work(clinic: Clinic, who: Identity) -> None:
        with click.progressbar(length=1, label="Tables and records", file=sys.stderr) as bar:

            def progress(done: int, of: int) -> None:
                bar.length = of
                bar.update(done - bar.pos)

            made = await export_site(clinic.database, clinic.vault, who, folder, utc_now, progress)
        click.echo(
            f"Wrote {folder}: {sum(made.rows.values()):,} rows of {len(made.rows)} tables, {made.patients:,} patients. "
            "It is not protected: encrypt it before it travels."
        )

    _signed_in(work, Door.COORDINATION, login, password)


@click.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
def import_whole_site(folder: Path) -> None:
    """Write the exported site in FOLDER into a new, migrated database, sealed under the keys of here."""
    harden()

    async def work() -> None:
        async with AsyncExitStack() as stack:
            clinic = await open_clinic(load(os.environ), stack)
            made = await import_site(clinic.database, clinic.vault, folder, utc_now)
        click.echo(
            f"Here: {sum(made.rows.values()):,} rows, {made.patients:,} patients. Codes on paper must be given anew."
        )

    _or_exit(work)


def _signed_in(work: Work, door: Door, login: str, password: str) -> None:
    async def opened() -> None:
        async with AsyncExitStack() as stack:
            clinic = await open_clinic(load(os.environ), stack)
            session = await clinic.accounts.sign_in(login, password, door, "console")
            try:
                await work(clinic, session.who)
            finally:
                await clinic.accounts.sign_out(session.who)

    _or_exit(opened)


def _or_exit(work: Callable[[], Any]) -> None:
    try:
        asyncio.run(work())
        return
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(EX_CONFIG)
    except ClinicError as error:
        click.echo("\n".join([str(error), *error.fields.values()]), err=True)
    except FileExistsError as error:
        click.echo(f"{error.filename} exists. Nothing was changed.", err=True)
    sys.exit(REFUSED)
