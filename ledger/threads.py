"""Whether other threads of this process are at work."""

import os


def others() -> bool:
    """Whether this process has other threads, those that are not Python's among them.

    Where the kernel does not tell, it may have some.
    """
    try:
        return len(os.listdir("/proc/self/task")) > 1
    except OSError:
        return True
