"""Runs robots until they are done or somebody presses Ctrl-C, and prints what they do."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime

import aiohttp
import click

from clinic_ui import i18n
from server.kernel.words import N_
from server.robots.errors import Refused
from server.robots.patient import PatientPlan, Tell, visit_as_patient
from server.village import places
from server.village.cast import ROLES

EX_REFUSED = 1


def teller(locale: str) -> Tell:
    """Return what prints a sentence with its hour, in a language."""

    def tell(message: str, **params: object) -> None:
        hour = datetime.now().strftime("%H:%M:%S")
        click.echo(f"{hour}  {i18n.translate(locale, message, **params)}")

    return tell


def invented(cabins: Iterable[str]) -> list[dict[str, str]]:
    """Return how each cabin may recognise an invented person: one each, of the cabin's own village if it can be."""
    free = list(ROLES)
    drawn = []
    for cabin in cabins:
        village = next((booth.village for booth in places.BOOTHS if booth.login == cabin), "")
        role = next((role for role in free if role.village == village), free[0])
        free.remove(role)
        drawn.append({"code": role.code})
    return drawn


async def all_visit(origin: str, plans: Iterable[PatientPlan], tell: Tell) -> None:
    """Let all of them visit at once, each in their own cabin. The first refusal is told once all are done."""
    visits = [visit_as_patient(origin, plan, tell) for plan in plans]
    for outcome in await asyncio.gather(*visits, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


def run(work: Callable[[Tell], Coroutine[None, None, None]], locale: str) -> int:
    """Run to the end and return the exit code. Ctrl-C and SIGTERM let everybody hang up and leave first."""
    return asyncio.run(_until_stopped(work, teller(locale)))


async def _until_stopped(work: Callable[[Tell], Coroutine[None, None, None]], tell: Tell) -> int:
    task = asyncio.create_task(work(tell))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        tell(N_("Arrêté. Tout est raccroché."))
    except Refused as refused:
        tell(refused.message, **refused.params)
        return EX_REFUSED
    except (aiohttp.ClientError, TimeoutError, OSError):
        tell(N_("La ligne avec le serveur est perdue."))
        return EX_REFUSED
    return 0
