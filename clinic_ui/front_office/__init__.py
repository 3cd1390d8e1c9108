"""The health worker's pages: day sheet, patients, measures, queue, follow-ups."""
