"""`telecabin places …`: opens a real commune from one file, and says first what it would change."""

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import click

from server.clinic import open_clinic
from server.config import load
from server.kernel.errors import ClinicError, ConfigError
from server.people.founding.rules import PlacesFile, Step, read_places
from server.people.founding.service import Founding
from server.scheduler.availability.opening import Opening, Report
from server.scheduler.availability.rules import Difference, Weekly
from server.scheduler.availability.service import Availability
from server.scheduler.availability.written import DAYS

EX_CONFIG = 78


@click.group()
def places() -> None:
    """Sites, cabins, the people who work there, their accounts and their hours."""


@places.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
def import_command(file: Path, yes: bool, dry_run: bool) -> None:
    """Bring what FILE (TOML) says: nothing is ever deleted, and reading it again changes nothing more."""
    try:
        lines = read_places(file.read_text(encoding="utf-8"))
        tried = asyncio.run(_read(lines, rehearse=True))
        click.echo(told(tried))
        if dry_run or not (tried.steps or tried.hours):
            return
        if not yes and not click.confirm("Do it?"):
            return
        done = asyncio.run(_read(lines, rehearse=False))
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(EX_CONFIG)
    except ClinicError as error:
        click.echo("\n".join([str(error), *(f"  {name}: {why}" for name, why in error.fields.items())]), err=True)
        sys.exit(1)
    click.echo("Done.")
    if done.passwords:
        click.echo("First passwords. They are shown once: hand each over on paper, then destroy the list.")
        for login, password in sorted(done.passwords.items()):
            click.echo(f"  {login:<40} {password}")


async def _read(file: PlacesFile, *, rehearse: bool) -> Report:
    async with AsyncExitStack() as opened:
        clinic = await open_clinic(load(os.environ), opened)
        founding = Founding(clinic.database, clinic.accounts, clinic.now)
        availability = Availability(clinic.database, clinic.now, clinic.switchboard)
        opening = Opening(clinic.database, founding, availability, clinic.agenda, clinic.now)
        return await opening.read(None, file, rehearse=rehearse)


def told(report: Report) -> str:
    """Return a report as lines: + what is new, ~ what changes, with both values."""
    lines = [line for step in report.steps for line in _step(step)]
    for name, difference in report.hours:
        lines += [f"~ hours of {name}", *_hours(difference)]
    touched = len({(step.kind, step.key) for step in report.steps})
    lines.append(f"{report.lines - touched} of {report.lines} lines need no change besides hours.")
    return "\n".join(lines)


def _step(step: Step) -> list[str]:
    if step.new:
        return [f"+ {step.kind} {step.key}: {step.name}"]
    return [f"~ {step.kind} {step.key}", *(f"    {field}: {old} → {then}" for field, old, then in step.changed)]


def _hours(difference: Difference) -> list[str]:
    signs = [("-", one) for one in difference.removed] + [("+", one) for one in difference.added]
    return [f"    {sign} {_line(one)}" for sign, one in signs if isinstance(one, Weekly)] + [
        f"    {sign} {one.kind} {one.starts_at:%Y-%m-%d} {one.reason}"
        for sign, one in signs
        if not isinstance(one, Weekly)
    ]


def _line(one: Weekly) -> str:
    start, end = (f"{minute // 60 % 24:02d}:{minute % 60:02d}" for minute in (one.start_min, one.end_min))
    return f"{DAYS[one.weekday]} {start}-{end}{f' {one.modality}' if one.modality else ''}"
