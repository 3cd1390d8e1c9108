"""What a person can do with a record: write and sign a note, take measures, keep the background."""

from server.records.service.background import Background
from server.records.service.measures import Measures
from server.records.service.notes import Notes

__all__ = ["Background", "Measures", "Notes"]
