"""The one tree of errors that people may see.

    ClinicError          `code` is stable and for programs; the sentence is for people, holds no patient's words
    ├── NotSignedIn      we do not know you                                        401
    ├── NotAllowed       we know you, and the answer is no                         403
    ├── NotFound         no such thing, or not yours to know of                    404
    ├── Conflict         someone was faster, or the move is impossible now         409
    ├── Invalid          the words make no sense; `fields` names which             422
    ├── TooMany          slow down; `retry_after` seconds                          429
    └── Unavailable      a part that we need is not there; nothing was lost        503

Raised below, translated in three places only: JSON (`server.web`), pages (`clinic_ui.render`) and WebSocket
close codes (`signalling.gateway`). `CannotOpen` and `ConfigError` stand outside: the first is an alarm, the
second stops the start.
"""

from collections.abc import Mapping


class ClinicError(Exception):
    """A refusal in plain words. `message` is a French sentence with `%(name)s` places filled from `params`."""

    status = 500
    code = "error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        fields: Mapping[str, str] | None = None,
        **params: object,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fields = dict(fields or {})
        self.params = params
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message


class NotSignedIn(ClinicError):
    """We do not know you."""

    status = 401
    code = "not-signed-in"


class NotAllowed(ClinicError):
    """We know you, and the answer is no."""

    status = 403
    code = "not-allowed"


class NotFound(ClinicError):
    """No such thing, or not yours to know of."""

    status = 404
    code = "not-found"


class Conflict(ClinicError):
    """Someone was faster, or this move is impossible in the present state."""

    status = 409
    code = "conflict"


class Invalid(ClinicError):
    """The words make no sense; `fields` maps each wrong field to its sentence."""

    status = 422
    code = "invalid"


class TooMany(ClinicError):
    """Too many requests for now."""

    status = 429
    code = "too-many"

    def __init__(self, message: str, *, retry_after: int, **params: object) -> None:
        super().__init__(message)
        self.params = params
        self.retry_after = retry_after


class Unavailable(ClinicError):
    """A part that we need is not there; nothing was lost."""

    status = 503
    code = "unavailable"


class CannotOpen(Exception):
    """A sealed field did not open: wrong key, wrong place or altered bytes. Says nothing more, on purpose."""


class ConfigError(Exception):
    """The settings or keys do not let us start. The command line prints the sentence and exits with 78."""
