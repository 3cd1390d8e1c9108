"""The village that the browser stories play in."""

from tests.flows.conftest import either_village, village, village_url

__all__ = ["either_village", "village", "village_url"]
