"""Whether deploy/SCALE.md holds: days of 35,000 communes, played from measured costs and stated assumptions.

    visits (Poisson, hour by hour) ─▶ calls that overlap ─▶ load of one cell ─▶ of all cells ─▶ relays ─▶ money
                                                         └▶ a process, a shard, a datacentre is lost; all come at eight

A *cell* is one installation: a database, a Redis, two processes or more, some hundred communes. Costs come from the
last `make bench AREA=signalling` (reports/bench-signalling.json), requests and memory of the product
are measured here. Whatever nobody measured is an assumption, named in `Assumptions` and in
deploy/SCALE.md, for the reader to change.
"""

from __future__ import annotations

import json
import math
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from server.kernel.clock import utc_now
from server.records.seal.keyring import init_key
from tests import components
from tests.bench import Figure, at_most, quantile
from tests.bench.exchange.hosts import ROOT, host
from tests.flows.conftest import settle
from tests.visitors import visitors

REPORT = ROOT / "reports/bench-signalling.json"
SERVER = "import sys; from server.cli import main; main(['serve'])"
DAYS = 20
MINUTES = 24 * 60
SHOWN = 0.99  # of the minutes of all days


@dataclass(frozen=True)
class Assumptions:
    """What nobody measured. The same words and numbers are in deploy/SCALE.md."""

    communes: int = 35_000
    cell: int = 200  # communes of one installation: a nudge about the queue goes to all its doctors
    visits_a_day: float = 3.0  # of one cabin: what a doctor's half-day needs to be worth coming
    minutes: float = 15.0  # of a call, on average; log-normal, so that some last an hour
    spread: float = 0.6  # of its logarithm
    hours: tuple[float, ...] = (0,) * 8 + (0.9, 1.5, 1.5, 1.1, 0.5, 0.8, 1.1, 1.1, 0.9, 0.6) + (0,) * 6  # 8 to 18 h
    monday: float = 1.5  # a busy day ÷ a usual one
    writing: float = 6.0  # minutes of a doctor after each call
    busy: float = 0.6  # share of a doctor's duty that is calls and writing
    relayed: float = 0.5  # calls that only the relay can carry
    mbit: float = 0.6  # each way, voice and picture, of an ordinary line
    requests: float = 80.0  # of one visit, both ends and the worker
    idle_requests: float = 1.0  # a minute, of a page that waits
    messages: float = 80.0  # of one visit, through the exchange
    nudges: float = 25.0  # of one visit; a third go to all doctors of the cell
    full: float = 0.5  # of a core: a process is not planned fuller than that
    datacentres: int = 2
    vcpu_eur: float = 8.0  # a month
    gb_eur: float = 2.0  # of memory, a month
    tb_eur: float = 5.0  # sent by a relay
    database_eur: float = 90.0  # a month and cell: two PostgreSQL of 2 vCPU, disks, backup


@dataclass(frozen=True)
class Costs:
    """What was measured on this machine, for one process."""

    message: float  # CPU-seconds
    join: float  # CPU-seconds
    socket_kb: float
    resident_mb: float
    request: float  # CPU-seconds of a request that looks up a session and answers


def measured(report: Path) -> tuple[float, float, float] | None:
    """The exchange's costs in the last report, or None."""
    if not report.exists():
        return None
    figures = {one["name"]: one for one in json.loads(report.read_text())["figures"]}
    rate = next(one["beside"]["ours"] for name, one in figures.items() if name.startswith("1000 sockets: messages"))
    join = next(one["value"] for name, one in figures.items() if name.startswith("1000 sockets: CPU of a join"))
    idle = next(one["value"] for name, one in figures.items() if name.startswith("1000 sockets: memory"))
    return 1 / rate, join / 1000, idle


async def product_costs() -> tuple[float, float]:
    """MB of the whole product, and CPU-seconds of a request to it on SQLite: half tickets, half pages with a queue."""
    with tempfile.TemporaryDirectory(prefix="telecabin-scale-") as name:
        folder = Path(name)
        url, key_file = f"sqlite:///{folder}/telecabin.db", init_key(folder / "keys.json").path
        await settle(url, key_file, utc_now())
        port = components.free_port()
        settings = {"PORT": str(port), "ORIGIN": f"http://localhost:{port}", "DATABASE_URL": url}
        settings |= {"KEK_FILE": str(key_file), "CACHE_DIR": str(ROOT / "var/tests"), "LOG_LEVEL": "warning"}
        named = {f"TELECABIN_{key}": value for key, value in settings.items()}
        with host(sys.executable, "-c", SERVER, port=port, **named) as here:
            async with visitors(settings["ORIGIN"], desk="aubin") as (aubin,):
                for times in (20, 150):  # the first warm up
                    before = here.cpu()
                    for _ in range(times):
                        await aubin.post("/api/line-ticket")
                        async with aubin.session.get("/desk/queue") as answer:
                            await answer.read()
                return here.resident() / 1000, (here.cpu() - before) / (2 * times)


@dataclass(frozen=True)
class Day:
    """Minutes of one day in one cell: calls that run, and visits that begin."""

    calls: list[int]
    begins: list[int]


def play(assumed: Assumptions, communes: int, dice: random.Random, factor: float = 1.0) -> Day:
    """One day of so many communes. Arrivals are Poisson within each hour; each call takes its own time."""
    calls, begins = [0] * (MINUTES + 240), [0] * MINUTES
    mean = math.log(assumed.minutes) - assumed.spread**2 / 2
    at = 0.0
    highest = max(assumed.hours) / sum(assumed.hours) * assumed.visits_a_day * communes * factor / 60  # a minute
    while (at := at + dice.expovariate(highest)) < MINUTES:
        if dice.random() * max(assumed.hours) > assumed.hours[int(at) // 60]:
            continue  # thinned: this hour is quieter than the fullest one
        begins[int(at)] += 1
        for minute in range(int(at), min(int(at) + 1 + int(dice.lognormvariate(mean, assumed.spread)), len(calls))):
            calls[minute] += 1
    return Day(calls[:MINUTES], begins)


def doctors(assumed: Assumptions, calls: float) -> float:
    """How many are on duty, so that so many calls run at once."""
    return calls * (assumed.minutes + assumed.writing) / assumed.minutes / assumed.busy


def cores(assumed: Assumptions, costs: Costs, communes: int, calls: float, begins: float) -> float:
    """CPU-seconds a second of all processes of a cell, in a minute with so many calls and beginnings."""
    desks = doctors(assumed, calls)
    pages = communes * 1.2 + desks  # every cabin's screen, a worker's for each fifth, the doctors'
    asked = begins * assumed.requests + pages * assumed.idle_requests  # a minute
    said = begins * assumed.messages + pages * 60 / 20 + calls * 2 * 60 / 5  # pings too
    heard = begins * assumed.nudges * (2 + desks / 3)  # a nudge to all doctors is a frame and a look for each
    asked += begins * assumed.nudges / 3 * desks
    return (asked * costs.request + (said + heard) * costs.message) / 60


async def run() -> list[Figure]:
    """Play the days, then lose things."""
    found = measured(REPORT)
    if found is None:
        print("No reports/bench-signalling.json: run make bench AREA=signalling first.", file=sys.stderr)
        return []
    costs = Costs(*found, *await product_costs())
    assumed, dice, began = Assumptions(), random.Random(2026), time.monotonic()
    cells = math.ceil(assumed.communes / assumed.cell)
    days = [play(assumed, assumed.cell, dice, assumed.monday) for _ in range(DAYS)]
    country = [play(assumed, assumed.communes, dice, assumed.monday) for _ in range(2)]
    figures = [*_one_cell(assumed, costs, days, _of_other_sizes(assumed, costs, dice))]
    figures += _all_cells(assumed, costs, country, cells)
    print(f"Played {DAYS} days of a cell and 2 of the country in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return figures


def _open_minutes(day: Day) -> list[tuple[int, int]]:
    return [(calls, begins) for calls, begins in zip(day.calls, day.begins, strict=True) if calls or begins]


def _of_other_sizes(assumed: Assumptions, costs: Costs, dice: random.Random) -> dict[str, float]:
    """Cores of larger cells: why they are no larger."""
    found = {}
    for communes in (500, 1000):
        minutes = _open_minutes(play(assumed, communes, dice, assumed.monday))
        busy = [cores(assumed, costs, communes, *minute) for minute in minutes]
        found[f"a cell of {communes}"] = quantile(busy, SHOWN)
    return found


def _one_cell(assumed: Assumptions, costs: Costs, days: list[Day], others: dict[str, float]) -> list[Figure]:
    minutes = [minute for day in days for minute in _open_minutes(day)]
    busy = [cores(assumed, costs, assumed.cell, *minute) for minute in minutes]
    calls = [float(running) for running, _ in minutes]
    full, desks = quantile(busy, SHOWN), doctors(assumed, quantile(calls, SHOWN))
    pages = assumed.cell * 1.2 + desks
    memory = costs.resident_mb + pages * costs.socket_kb / 1000
    storm = pages * (costs.join + 12 * costs.request)  # a page, its pieces, a ticket, a socket
    survivor = pages / 2 * (costs.join + 2 * costs.request)  # resumed, and looks again
    beside = others | {
        "median": quantile(busy, 0.5),
        "calls at once": quantile(calls, SHOWN),
        "doctors": desks,
        "pages": pages,
    }
    return [
        at_most(
            f"a cell of {assumed.cell}: cores at the fullest percent of minutes", full, "cores", assumed.full, beside
        ),
        at_most("the same on one process, the other lost", full, "cores", 0.9, {"memory MB": memory}),
        at_most("one process lost: the other has taken its pages after", survivor / (1 - min(full, 0.9)), "s", 5),
        at_most("eight o’clock: all pages of a cell begin, on two processes", storm / 2, "s", 30),
    ]


def _all_cells(assumed: Assumptions, costs: Costs, days: list[Day], cells: int) -> list[Figure]:
    calls = [float(running) for day in days for running, _ in _open_minutes(day)]
    peak = quantile(calls, SHOWN)
    gbit = peak * assumed.relayed * 2 * assumed.mbit / 1000  # what one end sends, the relay sends on
    month = 22 * sum(sum(day.begins) for day in days) / len(days) / assumed.monday  # usual days, visits
    sent_tb = month * assumed.minutes * 60 * assumed.relayed * 2 * assumed.mbit / 8 / 1e6
    relays = math.ceil(gbit / 0.5) * assumed.datacentres  # half a Gbit/s each; each datacentre could carry all
    servers = cells * 2 * assumed.datacentres * (assumed.vcpu_eur + assumed.gb_eur)
    money = servers + cells * assumed.database_eur + sent_tb * assumed.tb_eur + relays * 2 * assumed.vcpu_eur
    each = {"servers": servers, "databases": cells * assumed.database_eur, "relayed TB": sent_tb, "relays": relays}
    return [
        at_most("the country: calls at once, the fullest percent of minutes", peak, "calls", 20_000, {"cells": cells}),
        at_most("relays: sent at the fullest percent of minutes", gbit, "Gbit/s", 20, {"machines": relays}),
        at_most("a datacentre lost: calls that must find the other relay", peak * assumed.relayed / 2, "calls", 10_000),
        at_most("money for each commune and month", money / assumed.communes, "EUR", 2, each),
    ]
