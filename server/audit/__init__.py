"""The tamper-evident log: who did what to which record, written in the same transaction as the act."""
