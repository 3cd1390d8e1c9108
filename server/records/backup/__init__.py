"""Backups of the whole site: made beside the running server, sealed for keepers elsewhere, tried before they count."""
