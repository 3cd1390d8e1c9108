"""Reminders of appointments: by the patient's choice, without clinical content, each once."""
