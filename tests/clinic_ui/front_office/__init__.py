"""The front office over the running product."""
