"""A telephone exchange: lines, seats, tickets and nudges. It knows no patient, no SQL and no HTML."""
