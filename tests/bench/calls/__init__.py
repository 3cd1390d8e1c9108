"""What the call's bench is made of: the windows, the floor, losing the line, losing the server."""
