"""The index kept fresh: filled from SQL, told of every booking, and checked against SQL before anybody sees it."""
