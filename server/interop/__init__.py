"""Leaving and arriving: records in the shapes that other software reads (FHIR R4), and whole sites."""
