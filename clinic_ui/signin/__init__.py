"""The front door: who are you, and where do you stand."""
