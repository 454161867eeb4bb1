"""What searches on engines have in common: they run in the background, and are waited for."""

import subprocess
import time

from tests.cli.conftest import COMMAND
from tests.patience import PATIENCE_S


def begin(tool, *words):
    """Begin ``ledger WORDS`` in a session of its own."""
    return subprocess.Popen(
        [*COMMAND, *map(str, words)],
        cwd=tool.path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def until(look, enough):
    """Look until it is enough; return what was seen last."""
    end = time.monotonic() + PATIENCE_S
    while not enough(found := look()):
        assert time.monotonic() < end, f"it did not come: {found}"
        time.sleep(0.1)
    return found
