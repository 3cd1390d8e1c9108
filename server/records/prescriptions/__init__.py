"""Prescriptions: lines as the law wants them, rules as dated text that a clinician edits, sealed and signed rows."""
