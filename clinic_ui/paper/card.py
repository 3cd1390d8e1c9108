"""The card of an appointment: a sheet of 105 × 148 mm for the door of the refrigerator. No reason stands on it."""

from zoneinfo import ZoneInfo

from clinic_ui.dates import day, hour
from clinic_ui.paper.sheets import Block, Sheet, heading, lines, sheet, strong
from clinic_ui.paper.words import Tongue
from server.kernel.words import N_
from server.people.rules import Site
from server.scheduler.service.views import AppointmentLine


def appointment_card(line: AppointmentLine, site: Site, locale: str) -> Sheet:
    """Return the card: when, with whom, where, and whom to call. It is dated by the day of the appointment."""
    tongue, zone = Tongue(locale), ZoneInfo(site.zone)
    bus = tongue.say(N_("arrêt du médicobus, %(place)s"), place=line.stop) if line.stop else ""
    place = (
        f"{bus or line.cabin.name}, {site.address}, {site.postcode} {site.commune}"
        if line.cabin
        else line.practitioner.place
    )
    blocks: list[Block] = [
        heading(tongue.say(N_("Votre prochain rendez-vous")), 1),
        strong(line.patient_name),
        strong(f"{day(line.starts_at, locale, zone, year=True)} · {hour(line.starts_at, locale, zone)}"),
        lines(tongue.say(N_("Avec %(name)s"), name=line.practitioner.name), place),
    ]
    if line.health_worker:
        blocks.append(lines(tongue.say(N_("%(name)s sera avec vous."), name=line.health_worker.name)))
    blocks.append(lines(tongue.say(N_("Empêché(e) ? Appelez le %(phone)s."), phone=site.phone)))
    on = line.starts_at.astimezone(zone).date()
    return sheet(tongue.say(N_("Rendez-vous du %(day)s"), day=tongue.day(on)), locale, on, site.name, blocks, "a6")
