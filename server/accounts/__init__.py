"""Accounts, passwords and server-side sessions, one for each door."""
