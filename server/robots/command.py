"""`telecabin robot patient` and `telecabin robot gp`: one person alone can try, train and test a consultation."""

import sys

import click

from server.encounters.rules import Reason
from server.village import places
from server.village.sign_ins import PASSWORD

CABINS = tuple(booth.login for booth in places.BOOTHS)
MOST = len(CABINS)
ORIGIN = "http://localhost:8080"

origin_option = click.option("--origin", default=ORIGIN, show_default=True, help="Where telecabin runs.")
password_option = click.option("--password", default=PASSWORD, show_default=True, help="Of the demonstration.")
lang_option = click.option("--lang", type=click.Choice(["fr", "en"]), default="fr", show_default=True)
reasons = click.Choice([one.value for one in Reason])


@click.group()
def robot() -> None:
    """Robot people, for a demonstration only: a face, a voice and measures, and nobody real."""


@robot.command()
@origin_option
@click.option("--cabin", "--login", default=CABINS[0], show_default=True, help="The login of a demo cabin.")
@password_option
@click.option("--code", help="The six digits on somebody's paper. Without it: an invented person of the village.")
@click.option("--reason", type=reasons, default=Reason.PAIN.value, show_default=True)
@click.option("--seconds", type=float, help="Hang up after so long in the call. Without it the doctor hangs up.")
@click.option("--count", type=click.IntRange(1, MOST), default=1, show_default=True, help="So many, each in a cabin.")
@lang_option
def patient(
    origin: str, cabin: str, password: str, code: str | None, reason: str, seconds: float | None, count: int, lang: str
) -> None:
    """Come to a cabin, wait, and answer the doctor's call."""
    from server.robots import run  # the media library takes a second to load: only robots wait for it
    from server.robots.patient import PatientPlan

    cabins = [cabin, *(one for one in CABINS if one != cabin)][:count]
    whos = [{"code": code.replace(" ", "")}] if code else run.invented(cabins)
    plans = [
        PatientPlan(one, password, who, Reason(reason), seconds, lang)
        for one, who in zip(cabins, whos, strict=False)  # one code: one person, whatever the count
    ]
    sys.exit(run.run(lambda tell: run.all_visit(origin, plans, tell), lang))


@robot.command()
@origin_option
@click.option("--login", default=places.DOCTORS[0].login, show_default=True, help="The login of a demo doctor.")
@password_option
@click.option("--seconds", type=float, default=20.0, show_default=True, help="How long to talk with each.")
@click.option("--count", type=int, default=1, show_default=True, help="How many patients to take; 0: until Ctrl-C.")
@lang_option
def gp(origin: str, login: str, password: str, seconds: float, count: int, lang: str) -> None:
    """Sit at a desk, take invented patients, talk, sign a note that says it is a robot's, propose a follow-up."""
    from server.robots import run
    from server.robots.gp import DoctorPlan, consult_as_doctor

    plan = DoctorPlan(login, password, count or None, seconds, lang)
    sys.exit(run.run(lambda tell: consult_as_doctor(origin, plan, tell), lang))
