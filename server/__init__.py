"""The clinic: what people can do, subject by subject."""
