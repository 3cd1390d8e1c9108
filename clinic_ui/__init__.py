"""The pages, by the place where people stand."""
