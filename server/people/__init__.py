"""Patients and their identity, practitioners, health workers, sites and cabins."""
