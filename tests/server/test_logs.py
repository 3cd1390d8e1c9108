"""Logs hold only what is on the list."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from server import logs


@pytest.fixture
def configured(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Logs as in service, printed where `capsys` listens."""
    assert capsys
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    logs.configure("info")
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line]


@pytest.mark.usefixtures("configured")
def test_a_name_that_slips_into_a_log_call_does_not_slip_into_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("server").info("visit claimed", encounter_id="1", patient_name="Odette", words="secret")
    logging.getLogger("signalling").info("socket closed", extra={"close_code": 4401, "ticket": "secret"})
    first, second = _lines(capsys)
    assert (first["event"], first["encounter_id"]) == ("visit claimed", "1")
    assert (second["event"], second["close_code"]) == ("socket closed", 4401)
    assert "Odette" not in str(first)
    assert "secret" not in str(first) + str(second)


@pytest.mark.usefixtures("configured")
def test_a_fault_keeps_its_trace_for_the_operator(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError("wrong")
    except ValueError:
        structlog.get_logger("server").exception("request failed", path="/api/x")
    (line,) = _lines(capsys)
    assert "ValueError: wrong" in str(line["exception"])
