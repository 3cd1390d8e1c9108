"""Who may sign in to the demonstration, with the one password that everybody knows, and which codes to enter."""

from dataclasses import dataclass

from server.kernel.access import DOOR_OF, Door, Role
from server.village import places
from server.village.cast import cast_names

PASSWORD = "demo-la-cabine"  # noqa: S105 - of invented people, shown on the sign-in page of the demo
COORDINATOR, ADMIN = ("coordination", "Solène Madec, coordinatrice"), ("admin", "Administration")
_DOOR_NAMES = {
    Door.CABIN: "cabin",
    Door.OFFICE: "health worker",
    Door.DESK: "doctor",
    Door.COORDINATION: "coordination",
}


@dataclass(frozen=True, slots=True)
class DemoSignIn:
    """Somebody who may sign in. `about` says in French where they stand."""

    login: str
    role: Role
    name: str
    about: str

    @property
    def door(self) -> Door:
        """Where they enter."""
        return DOOR_OF[self.role]


@dataclass(frozen=True, slots=True)
class DemoSignIns:
    """All who may sign in, and the paper codes of the named people."""

    people: tuple[DemoSignIn, ...]
    codes: tuple[tuple[str, str], ...]
    password: str = PASSWORD

    def board(self, origin: str) -> str:
        """Return what the terminal shows: the address, one sign-in for each door, the password, some codes."""
        first = {one.door: one for one in reversed(self.people)}
        width = max(len(name) for name in _DOOR_NAMES.values())
        lines = [f"telecabin demo: {origin}", ""]
        for door, name in _DOOR_NAMES.items():
            lines.append(f"  {name:<{width}}  {origin}/signin/{door.value}  {first[door].login}")
        lines += ["", f"Password of everybody: {self.password}", "In the cabin, enter a paper code:"]
        lines += [f"  {code[:3]} {code[3:]}  {name}" for code, name in self.codes[:6]]
        return "\n".join(lines)


def sign_ins() -> DemoSignIns:
    """Return the sign-ins of every village: they do not depend on the seed."""
    cabins = [DemoSignIn(one.login, Role.CABIN, one.name, places.BY_KEY[one.village].commune) for one in places.BOOTHS]
    workers = [
        DemoSignIn(one.login, Role.HEALTH_WORKER, one.name, f"{one.profession}, {places.BY_KEY[one.village].commune}")
        for one in places.WORKERS
    ]
    doctors = [DemoSignIn(one.login, Role.GP, one.name, one.place) for one in places.DOCTORS]
    others = [
        DemoSignIn(COORDINATOR[0], Role.COORDINATOR, COORDINATOR[1], "Suivi du service"),
        DemoSignIn(ADMIN[0], Role.ADMIN, ADMIN[1], "Comptes et réglages"),
    ]
    return DemoSignIns((*cabins, *workers, *doctors, *others), cast_names())
