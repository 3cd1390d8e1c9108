"""Close codes are a promise to pages: each error has one of its own."""

from __future__ import annotations

from signalling.errors import SignallingError


def test_every_error_has_a_close_code_of_its_own() -> None:
    codes = {error.__name__: error.close_code for error in SignallingError.__subclasses__()}
    assert codes == {
        "BadMessage": 4400,
        "BadTicket": 4401,
        "TooSlow": 4408,
        "Replaced": 4409,
        "Flood": 4429,
        "GoingAway": 1012,
    }
