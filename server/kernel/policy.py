"""The policy table: one row for every route, or the route cannot be registered (`server.web.routes`).

A row gives the act that the caller's role must be allowed (`server.kernel.access.RULES`), SIGNED_IN for pages
that only need a known person at the right door, or PUBLIC.
"""

from enum import Enum

from server.kernel.access import Act


class Open(Enum):
    """Rows that ask for less than an act."""

    PUBLIC = "anyone"
    SIGNED_IN = "anyone signed in at this door"


PUBLIC = Open.PUBLIC
SIGNED_IN = Open.SIGNED_IN

ROUTES: dict[tuple[str, str], Act | Open] = {
    # the house
    ("GET", "/"): PUBLIC,
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/static/{hash}/{path}"): PUBLIC,
    ("GET", "/signal"): PUBLIC,  # a WebSocket: the first frame brings a single-use ticket
    ("POST", "/api/line-ticket"): Act.LINE_OPEN,
    ("GET", "/api/ice-servers"): Act.CALL_SEAT,
    ("GET", "/signin/{door}"): PUBLIC,
    ("POST", "/signin/{door}"): PUBLIC,
    ("POST", "/signout/{door}"): PUBLIC,
    ("POST", "/settings"): PUBLIC,  # language, theme and text size: three cookies, no account
}
