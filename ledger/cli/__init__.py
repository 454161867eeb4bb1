"""The command line.

A command makes many objects that stay until it ends, and little garbage: to look for that after every 700 of
them, as Python does, takes a seventh of the time that a command needs to start.
"""

import gc

gc.set_threshold(100_000)
