"""The numbers that an operator watches, for Prometheus: counts, times and states, and never a name or an identifier.

    requests ──▶ timing (middleware) ┐
    transactions ──▶ database events ├──▶ one registry ──▶ GET /metrics, on an address of its own
    exchange's Meter, gauges ────────┘                     (TELECABIN_METRICS_HOST, TELECABIN_METRICS_PORT)

Labels come from closed lists: route templates, status codes, close codes, states. `deploy/RUNBOOK.md` says what to
look at, and when to worry.
"""

import platform
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Final, Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from server.kernel.errors import ClinicError
from signalling.meter import Meter

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]
States = Mapping[tuple[str, str], int]


class Calls(Protocol):
    """How the calls of the last hour went, each end for itself."""

    @property
    def ends(self) -> int: ...
    @property
    def seconds(self) -> Mapping[str, int]: ...
    @property
    def cuts(self) -> int: ...
    @property
    def worst(self) -> Mapping[str, Sequence[int]]: ...


SOCKET: Final = "/signal"  # it lasts for hours: its duration is no latency
CLAIM: Final = "/api/encounters/{encounter_id}/claim"
BOOKINGS: Final = frozenset(
    {
        "/api/promises/{promise_id}/book",
        "/api/cabin/book",
        "/cabin/rendez-vous",
        "/office/promises/{promise_id}/book",
        "/api/appointments/{appointment_id}/move",
        "/office/appointments/{appointment_id}/move",
    }
)
LATENCIES: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # s


class Metrics:
    """Everything counted in one server, in a registry that belongs to nobody else."""

    def __init__(self, registry: CollectorRegistry, meter: Meter) -> None:
        self._registry = registry
        self._answers = Counter(
            "telecabin_http_responses", "Answers.", ["method", "route", "status"], registry=registry
        )
        self._latency = Histogram(
            "telecabin_http_seconds", "From request to answer.", ["route"], buckets=LATENCIES, registry=registry
        )
        self._claims = Counter(
            "telecabin_claims", "Patients taken, or lost to a faster one.", ["outcome"], registry=registry
        )
        self._bookings = Counter(
            "telecabin_bookings", "Moments booked, or lost to somebody faster.", ["outcome"], registry=registry
        )
        self._transactions = Histogram(
            "telecabin_transaction_seconds", "Held open in the database.", ["end"], buckets=LATENCIES, registry=registry
        )
        self._visits = Gauge(
            "telecabin_visits",
            "Open visits, by the visit's state and its call's.",
            ["visit", "call"],
            registry=registry,
        )
        self._ends = Gauge("telecabin_call_ends", "Ends of calls reported within the hour.", registry=registry)
        self._cuts = Gauge("telecabin_call_cuts", "Their cuts.", registry=registry)
        self._pictures = Gauge("telecabin_call_seconds", "Their seconds, by rung.", ["rung"], registry=registry)
        self._lines = Gauge(
            "telecabin_call_line",
            "What so many of the ends did not exceed in 95 % of their seconds: ms, ms, thousandths, thousandths.",
            ["measure", "quantile"],
            registry=registry,
        )
        ProcessCollector(registry=registry)
        registry.register(_Exchange(meter))
        registry.register(_Build())

    def transaction(self, end: str, seconds: float) -> None:
        """Count one transaction."""
        self._transactions.labels(end).observe(seconds)

    def gauge(self, name: str, words: str, read: Callable[[], float]) -> None:
        """Show a number that is read at each look."""
        Gauge(name, words, registry=self._registry).set_function(read)

    @web.middleware
    async def timing(self, request: web.Request, handler: Next) -> web.StreamResponse:
        """Count and time an answer by its route's template; an address that we do not have is the route `none`."""
        began = time.perf_counter()
        status = 500
        try:
            response = await handler(request)
            status = response.status
            return response
        except (web.HTTPException, ClinicError) as refused:
            status = refused.status
            raise
        finally:
            self._answered(request, status, time.perf_counter() - began)

    def _answered(self, request: web.Request, status: int, seconds: float) -> None:
        resource = request.match_info.route.resource
        route, method = (resource.canonical, request.method) if resource else ("none", "none")
        self._answers.labels(method, route, str(status)).inc()
        if route != SOCKET:
            self._latency.labels(route).observe(seconds)
        if method == "POST" and route == CLAIM:
            self._claims.labels(_outcome(status, "taken")).inc()
        elif method == "POST" and route in BOOKINGS:
            self._bookings.labels(_outcome(status, "booked")).inc()

    def _show_calls(self, calls: Calls) -> None:
        self._ends.set(calls.ends)
        self._cuts.set(calls.cuts)
        for rung, seconds in calls.seconds.items():
            self._pictures.labels(rung).set(seconds)
        for measure, worst in calls.worst.items():
            for share in (0.5, 0.95):
                value = worst[min(len(worst) - 1, int(share * len(worst)))] if worst else 0
                self._lines.labels(measure, str(share)).set(value)

    def page(self, visits: Callable[[], Awaitable[States]], calls: Callable[[], Awaitable[Calls]]) -> web.Application:
        """Return the application that shows everything at /metrics. Keep it inside: it asks nobody who they are."""

        async def metrics(_request: web.Request) -> web.Response:
            self._visits.clear()
            for (visit, call), count in (await visits()).items():
                self._visits.labels(visit, call).set(count)
            self._show_calls(await calls())
            return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

        app = web.Application()
        app.router.add_get("/metrics", metrics)
        return app


def _outcome(status: int, good: str) -> str:
    if status < 400:
        return good
    return "conflict" if status == 409 else "refused"


class _Exchange(Collector):
    """The exchange's own counts, read at each look: it knows nothing of Prometheus."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def collect(self) -> Iterable[Metric]:
        meter = self._meter
        for name, words, value in (
            ("sockets_opened", "WebSockets that were opened.", meter.sockets_opened),
            ("frames", "Frames that pages said.", meter.frames),
            ("joins", "Seats taken.", meter.joins),
            ("resumed", "Connections that came back on a new socket.", meter.resumed),
            ("nudges", "Nudges asked for here.", meter.nudges),
        ):
            yield CounterMetricFamily(f"telecabin_signal_{name}", words, value=value)
        tickets = CounterMetricFamily("telecabin_tickets", "Tickets, by what became of them.", labels=["outcome"])
        tickets.add_metric(["issued"], meter.tickets_issued)
        tickets.add_metric(["redeemed"], meter.tickets_redeemed)
        tickets.add_metric(["refused"], meter.tickets_refused)
        yield tickets
        closes = CounterMetricFamily(
            "telecabin_signal_closes", "WebSockets that ended, by close code.", labels=["code"]
        )
        for code, count in sorted(meter.closes.items()):
            closes.add_metric([str(code)], count)
        yield closes


class _Build(Collector):
    """What runs here."""

    def collect(self) -> Iterable[Metric]:
        build = InfoMetricFamily("telecabin_build", "What runs here.")
        build.add_metric([], {"version": version("telecabin"), "python": platform.python_version()})
        yield build
