"""What a process that holds keys does first: no core dumps, and no other program of the user may read its memory."""

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def harden() -> None:
    """Set RLIMIT_CORE to 0, and PR_SET_DUMPABLE to 0 on Linux. Swap is the unit's affair (MemorySwapMax=0)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
