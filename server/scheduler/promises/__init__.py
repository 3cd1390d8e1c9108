"""What people do with promises beside booking: keep in person, withdraw, hand over, and see what waits too long."""
