"""The demo's village: invented people, places and a past, the same for the same seed."""

from server.village.seed import settle
from server.village.sign_ins import DemoSignIn, DemoSignIns

__all__ = ["DemoSignIn", "DemoSignIns", "settle"]
