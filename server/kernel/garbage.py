"""When Python looks for garbage: rarely, for a server keeps most of what it makes."""

import gc

YOUNG = 30_000  # objects made since the last look; Python's own 700 make a server with 4,000 sockets stop for 0.1 s


def look_rarely() -> None:
    """Never look again at what was made so far, which is code; and at what comes, in larger lots."""
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 50)
