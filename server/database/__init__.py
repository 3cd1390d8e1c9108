"""The only truth: engine, transactions, portable types and migrations."""
