"""What a record may hold, and when it is complete: plain decisions that a clinician could review."""
