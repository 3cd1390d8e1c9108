"""The demo's village: invented people, places and a past, the same for the same seed."""
