"""What a program that holds keys does first: no core dumps, and no other program of the user may read its memory."""

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4  # linux/prctl.h
_NO_CORES = (0, 0)


def harden() -> None:
    """Set RLIMIT_CORE to 0, and PR_SET_DUMPABLE to 0 on Linux. Swap is the unit's affair (MemorySwapMax=0)."""
    if resource.getrlimit(resource.RLIMIT_CORE) != _NO_CORES:  # the unit may have done it, and filter the call
        resource.setrlimit(resource.RLIMIT_CORE, _NO_CORES)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
