"""What robots tell, kept for the tests to read."""

from __future__ import annotations


class Notebook:
    """Stands where the terminal is."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def __call__(self, message: str, **params: object) -> None:
        self.said.append(message % params if params else message)

    def __contains__(self, words: str) -> bool:
        return any(words in one for one in self.said)
