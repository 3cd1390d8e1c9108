"""Logs are for operators: a static event name and identifiers from an allow-list, one JSON object a line."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import structlog
from structlog.typing import EventDict

ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "logger", "exception", "request_id", "reference", "route", "path", "record_id",
        "status", "code", "close_code", "connection", "encounter_id", "account_id", "cabin_id", "outcome",
        "key_id", "table", "column", "node", "port", "schema", "seconds", "count",
    }
)  # fmt: skip


def _only_allowed(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Drop whatever is not on the list: a name that slips into a log call does not slip into the log."""
    return {key: value for key, value in event.items() if key in ALLOWED or key.startswith("_")}


def configure(level: str) -> None:
    """Send our own and the libraries' logs to standard error as JSON, `level` and above."""
    first: list[Callable[..., Any]] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _only_allowed,
    ]
    structlog.configure(
        processors=[*first, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    printed = logging.StreamHandler(sys.stderr)
    printed.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=first,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[printed], level=level.upper(), force=True)
