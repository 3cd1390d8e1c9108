"""The vault that the tests of people need."""

from tests.server.records.conftest import key_file, vault

__all__ = ["key_file", "vault"]
