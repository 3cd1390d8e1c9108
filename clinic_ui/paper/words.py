"""The words of papers: how a line of a prescription is said, in the reader's language, on paper and on the kiosk."""

from dataclasses import dataclass
from datetime import date

from clinic_ui import i18n
from clinic_ui.dates import number, short_day
from server.kernel.words import N_
from server.people.rules import Sex
from server.records.prescriptions.rules import Line, Moment, Prescriber, PrescriptionBody, Route, Treated

ROUTES = {
    Route.ORAL: N_("par la bouche"),
    Route.SUBLINGUAL: N_("sous la langue"),
    Route.INHALED: N_("à inhaler"),
    Route.NASAL: N_("dans le nez"),
    Route.EYE: N_("dans l’œil"),
    Route.EAR: N_("dans l’oreille"),
    Route.SKIN: N_("sur la peau"),
    Route.TRANSDERMAL: N_("en patch sur la peau"),
    Route.RECTAL: N_("par l’anus"),
    Route.VAGINAL: N_("par le vagin"),
    Route.SUBCUTANEOUS: N_("piqûre sous la peau"),
    Route.INTRAMUSCULAR: N_("piqûre dans le muscle"),
}
MOMENTS = {
    Moment.MORNING: N_("le matin"),
    Moment.NOON: N_("à midi"),
    Moment.EVENING: N_("le soir"),
    Moment.NIGHT: N_("au coucher"),
}
SEXES = {Sex.FEMALE: N_("femme"), Sex.MALE: N_("homme"), Sex.UNKNOWN: N_("sexe inconnu")}


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language, in which papers are written."""

    locale: str

    def say(self, text: str, **params: object) -> str:
        """Return a sentence."""
        return i18n.translate(self.locale, text, **params)

    def ngettext(self, one: str, many: str, number_: int) -> str:
        """Return the form for a number."""
        return i18n.catalogue(self.locale).ngettext(one, many, number_) % {"num": number_}

    def day(self, on: date) -> str:
        """Return « 22/11/2026 »."""
        return short_day(on, self.locale)

    def when_taken(self, line: Line) -> str:
        """Return « 1 comprimé, le matin, le soir »."""
        ordered = [self.say(words) for moment, words in MOMENTS.items() if moment in line.moments]
        return ", ".join(part for part in (line.dose, *ordered, line.frequency) if part)

    def how_taken(self, line: Line) -> str:
        """Return « comprimé, par la bouche »."""
        return ", ".join(part for part in (line.form, self.say(ROUTES[line.route])) if part)

    def how_long(self, line: Line) -> str:
        """Return « pendant 90 jours, 3 boîtes, à renouveler 2 fois »."""
        parts = []
        if line.days is not None:
            parts.append(self.ngettext("pendant %(num)s jour", "pendant %(num)s jours", line.days))
        if line.packs is not None:
            parts.append(self.ngettext("%(num)s boîte", "%(num)s boîtes", line.packs))
        if line.renewals:
            parts.append(self.ngettext("à renouveler %(num)s fois", "à renouveler %(num)s fois", line.renewals))
        return ", ".join(parts)

    def line_texts(self, line: Line) -> list[str]:
        """Return what stands under the name of a medicine."""
        texts = [self.how_taken(line), self.when_taken(line), self.how_long(line)]
        if line.letters:
            texts.append(self.say(N_("En toutes lettres : %(words)s"), words=line.letters))
        return [text for text in texts if text]

    def doctor(self, doctor: Prescriber) -> list[list[str]]:
        """Return who prescribes, as R.5132-3, 1° wants it: « France » and +33 are for a pharmacy abroad."""
        place = doctor.place if doctor.place.casefold().endswith("france") else f"{doctor.place}, France"
        return [
            ["strong", doctor.name],
            ["", doctor.specialty],
            ["", self.say(N_("RPPS %(number)s"), number=doctor.rpps)],
            ["", place],
            ["", self.say(N_("Téléphone : %(phone)s"), phone=abroad(doctor.phone))],
            ["", doctor.email],
        ]

    def patient(self, treated: Treated, body: PrescriptionBody | None = None) -> list[list[str]]:
        """Return who is treated, as R.5132-3, 7° wants it."""
        used = treated.used_name or treated.birth_name
        sides = [["strong", f"{' '.join(treated.given_names)} {used.upper()}"]]
        if treated.used_name and treated.used_name != treated.birth_name:
            sides.append(["", self.say(N_("nom de naissance : %(name)s"), name=treated.birth_name.upper())])
        sides.append(["", self.say(SEXES[treated.sex])])
        sides.append(["", self.say(N_("né(e) le %(day)s"), day=self.day(treated.born_on))])
        if body and body.weight is not None:
            sides.append(["", self.say(N_("poids : %(weight)s kg"), weight=self._number(body.weight))])
        if body and body.height is not None:
            sides.append(["", self.say(N_("taille : %(height)s cm"), height=self._number(body.height))])
        return sides

    def _number(self, value: float) -> str:
        return number(value, self.locale, 0 if value == int(value) else 1)


def abroad(phone: str) -> str:
    """Return a French number as it is dialled from abroad: « +33 2 61 91 00 01 »; others stay as they are."""
    digits = "".join(c for c in phone if c.isdigit())
    if len(digits) != 10 or not digits.startswith("0") or phone.strip().startswith("+"):
        return phone
    return f"+33 {digits[1]} " + " ".join(digits[place : place + 2] for place in range(2, 10, 2))
