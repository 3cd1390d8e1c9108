"""Registers routes, and only those that the policy table knows."""

import re
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web

from server.kernel.access import Act
from server.kernel.policy import ROUTES, Open

View = Callable[[web.Request], Awaitable[web.StreamResponse]]
Routes = Iterable[tuple[str, str, View]]
_PATTERN = re.compile(r"\{(\w+):[^{}]*\}")  # aiohttp's canonical form drops a place's pattern


class NoPolicy(Exception):
    """A route was registered that has no row in the policy table."""


def rule_of(method: str, path: str) -> Act | Open:
    """Return the policy row of a route, or raise NoPolicy: deny by default, at start."""
    try:
        return ROUTES[method, _PATTERN.sub(r"{\1}", path)]
    except KeyError:
        raise NoPolicy(f"{method} {path} has no row in server/kernel/policy.py") from None


def mount(app: web.Application, routes: Routes) -> None:
    """Add `(method, path, view)` routes to the application; each must have its policy row."""
    for method, path, view in routes:
        rule_of(method, path)
        app.router.add_route(method, path, view)


def rule_of_request(request: web.Request) -> Act | Open | None:
    """Return the row of the route that this request matched, or None when it matched no route."""
    resource = request.match_info.route.resource
    if resource is None:
        return None
    method = "GET" if request.method == "HEAD" else request.method
    return ROUTES.get((method, resource.canonical))
