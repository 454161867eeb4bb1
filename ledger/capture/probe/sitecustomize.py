"""Starts the probe in each Python of a trial, then makes way for the user's own sitecustomize.

Parses on Python 2.7 and every 3; before 3.8, or outside a trial, it only makes way.
"""

import os
import sys


def _make_way():
    directory = os.path.dirname(__file__)
    if sys.version_info >= (3, 8) and os.environ.get("LEDGER_SPOOL"):
        try:
            import _ledger_probe

            _ledger_probe.start(directory)
        except Exception:  # a probe that cannot start must stay silent; that no process event came says it
            sys.modules.pop("_ledger_probe", None)
    sys.path[:] = [each for each in sys.path if each != directory]
    sys.path_importer_cache.pop(directory, None)


_make_way()

# What `site` finds in sys.modules after this import it takes for sitecustomize, and an ImportError from here
# is to it that there is none: so importing the next one from in here leaves all as if this file were not.
_this = sys.modules.get("sitecustomize")
if _this is not None and _this.__dict__ is globals():
    del sys.modules["sitecustomize"]
    import sitecustomize  # noqa: F401
