"""What the audit log costs while people write, and how fast it is verified."""
