"""Logs hold only what is on the list."""

import json
import subprocess
import sys
from typing import Any

CLAIMED = """
structlog.get_logger("server").info("visit claimed", encounter_id="1", patient_name="Odette", words="secret")
logging.getLogger("signalling").info("socket closed", extra={"close_code": 4401, "ticket": "secret"})
"""
FAULT = """
try:
    raise ValueError("wrong")
except ValueError:
    structlog.get_logger("server").exception("request failed", path="/api/x")
"""


def _logged(calls: str) -> list[dict[str, Any]]:
    """What a process of its own prints: logging belongs to the process, and pytest has its own ideas."""
    program = f"import logging, structlog\nfrom server import logs\nlogs.configure('info')\n{calls}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_name_that_slips_into_a_log_call_does_not_slip_into_the_log() -> None:
    first, second = _logged(CLAIMED)
    assert (first["event"], first["encounter_id"]) == ("visit claimed", "1")
    assert (second["event"], second["close_code"]) == ("socket closed", 4401)
    assert "Odette" not in str(first)
    assert "secret" not in str(first) + str(second)


def test_a_fault_keeps_its_trace_for_the_operator() -> None:
    (line,) = _logged(FAULT)
    assert "ValueError: wrong" in line["exception"]
