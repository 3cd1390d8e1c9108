"""What can go wrong on a socket: each error has its WebSocket close code, and nothing else decides one.

SignallingError
├── BadMessage   4400   the frame makes no sense, or this seat may not say it
├── BadTicket    4401   unknown, expired, used, or for another purpose
├── TooSlow      4408   the page reads slower than it is told
├── Replaced     4409   a newer connection took the seat
├── Flood        4429   the page says too much
└── GoingAway    1012   this server stops; another one, or the next one, will answer
"""

from typing import ClassVar


class SignallingError(Exception):
    """The socket must close. `close_code` says why to programs; the class's name says it to people."""

    close_code: ClassVar[int]


class BadMessage(SignallingError):
    close_code = 4400


class BadTicket(SignallingError):
    close_code = 4401


class TooSlow(SignallingError):
    close_code = 4408


class Replaced(SignallingError):
    close_code = 4409


class Flood(SignallingError):
    close_code = 4429


class GoingAway(SignallingError):
    close_code = 1012

    def __init__(self, after: int = 0) -> None:
        super().__init__()
        self.after = after  # ms: when the page may come back
