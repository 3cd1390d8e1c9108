"""The named queries of the log: writing an act down, growing the tree, and reading both."""

from server.audit.store.writing import record

__all__ = ["record"]
