"""How many processors there are for this process."""

import os


def allowed() -> int:
    """Processors that this process, and so its children, may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
