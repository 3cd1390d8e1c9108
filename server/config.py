"""The settings: TELECABIN_* read once into a frozen Config; a missing, misspelt or ill-typed name stops the start."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.kernel.errors import ConfigError

PREFIX = "TELECABIN_"


@dataclass(frozen=True, slots=True)
class Config:
    """What an operator may set; each field is documented in deploy/env.example under its TELECABIN_ name."""

    database_url: str = "sqlite:///var/telecabin.db"
    redis_url: str = ""
    kek_file: Path | None = None
    cache_dir: Path = Path("var/cache")
    host: str = "127.0.0.1"
    port: int = 8080
    origin: str = "http://localhost:8080"
    turn_urls: tuple[str, ...] = ()
    turn_secret_file: Path | None = None
    stun_urls: tuple[str, ...] = ()
    support_phone: str = ""
    drug_list: Path | None = None
    scan_command: tuple[str, ...] = ()
    """Reads a file of a stranger from its stdin: ends with 0 for clean, 1 for not. Empty: no scanner."""
    smtp_url: str = ""
    smtp_password_file: Path | None = None
    mail_from: str = ""
    sms_url: str = ""
    sms_token_file: Path | None = None
    follow_up_plans: Path | None = None
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
    """0: no numbers are shown."""
    log_level: str = "info"
    drain_seconds: int = 10

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over https: cookies are then bound to the host and Secure."""
        return self.origin.startswith("https://")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _file(text: str) -> Path | None:
    return Path(text) if text else None


def _mail_server(text: str) -> str:
    if text and not text.startswith(("smtp://", "smtps://")):
        raise ValueError
    return text


def _gateway(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise ValueError
    return text


def _command(text: str) -> tuple[str, ...]:
    return tuple(shlex.split(text))


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError
    return port


def _seconds(text: str) -> int:
    seconds = int(text)
    if not 0 <= seconds <= 600:
        raise ValueError
    return seconds


def _level(text: str) -> str:
    if text not in {"debug", "info", "warning", "error"}:
        raise ValueError
    return text


def _origin(text: str) -> str:
    if not text.startswith(("http://", "https://")) or text.endswith("/"):
        raise ValueError
    return text


@dataclass(frozen=True, slots=True)
class _Reader:
    parse: Callable[[str], Any]
    wants: str


_READERS: dict[str, _Reader] = {
    "database_url": _Reader(str, "sqlite:///… or postgresql://…"),
    "redis_url": _Reader(str, "redis://… or empty"),
    "kek_file": _Reader(Path, "the path of the master key file"),
    "cache_dir": _Reader(Path, "a folder that we may write"),
    "host": _Reader(str, "an address to listen on"),
    "port": _Reader(_port, "a number from 0 to 65535"),
    "origin": _Reader(_origin, "https://cabin.example, without a slash at the end"),
    "turn_urls": _Reader(_words, "turn: and turns: URLs, separated by spaces"),
    "turn_secret_file": _Reader(Path, "the path of coturn's static-auth-secret"),
    "stun_urls": _Reader(_words, "stun: URLs, separated by spaces"),
    "support_phone": _Reader(str, "a telephone number, or empty"),
    "drug_list": _Reader(_file, "the path of a list of drugs, or empty for ours"),
    "scan_command": _Reader(_command, "a command and its words, quoted as in a shell, or empty"),
    "smtp_url": _Reader(_mail_server, "smtp://user@host:587, smtps://user@host, or empty"),
    "smtp_password_file": _Reader(_file, "the path of a file with the password, or empty"),
    "mail_from": _Reader(str, "the address that reminders come from, or empty"),
    "sms_url": _Reader(_gateway, "https://… of a gateway, or empty"),
    "sms_token_file": _Reader(_file, "the path of a file with the gateway's token, or empty"),
    "follow_up_plans": _Reader(_file, "the path of a list of follow-ups, or empty for ours"),
    "metrics_host": _Reader(str, "an inner address to show numbers on"),
    "metrics_port": _Reader(_port, "a number from 0 to 65535, 0 for none"),
    "drain_seconds": _Reader(_seconds, "a number of seconds from 0 to 600"),
    "log_level": _Reader(_level, "debug, info, warning or error"),
}


def load(environ: Mapping[str, str]) -> Config:
    """Return the Config of an environment, or raise ConfigError naming every setting that is wrong."""
    wrong: list[str] = []
    values: dict[str, Any] = {}
    for key, text in environ.items():
        if not key.startswith(PREFIX):
            continue
        reader = _READERS.get(key.removeprefix(PREFIX).lower())
        if reader is None:
            wrong.append(f"{key}: there is no such setting")
            continue
        try:
            values[key.removeprefix(PREFIX).lower()] = reader.parse(text)
        except (ValueError, KeyError):
            wrong.append(f"{key}: expected {reader.wants}")
    if wrong:
        raise ConfigError("Settings to mend:\n  " + "\n  ".join(sorted(wrong)))
    return Config(**values)
