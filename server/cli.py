"""The `telecabin` command: which words there are. The code of each is read when it is asked for."""

import gc
from importlib import import_module

import click

from server.kernel.garbage import look_rarely

COMMANDS = {
    "serve": "server.serving:serve",
    "demo": "server.serving:demo",
    "migrate": "server.serving:migrate_command",
    "account": "server.serving:account",
    "places": "server.places_commands:places",
    "key": "server.key_commands:key",
    "audit": "server.audit_commands:audit",
    "backup": "server.backup_commands:backup",
    "restore": "server.backup_commands:restore",
    "export": "server.export_commands:export",
    "import": "server.export_commands:import_whole_site",
    "robot": "server.robots.command:robot",
}
"""Where each word's code is: a server starts without that of the rarer ones."""


class _Commands(click.Group):
    """Knows all words, and reads the code of one at its first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        gc.disable()  # code that is read leaves no garbage to look for, again and again
        try:
            command: click.Command = getattr(import_module(module), name)
        finally:
            look_rarely()
            gc.enable()
        return command


@click.group(cls=_Commands)
def main() -> None:
    """telecabin: telemedicine that a commune runs itself. Settings: TELECABIN_*, see deploy/env.example."""
