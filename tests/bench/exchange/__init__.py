"""Three relays that do the same for pairs of sockets, and the load that compares them: see `tests.bench.signalling`."""
