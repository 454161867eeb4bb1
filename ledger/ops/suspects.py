"""Lines of the recorded code that use a global generator, the clock, workers or the id of a process."""

import re
from collections.abc import Sequence
from typing import Final

from ledger.errors import LedgerError
from ledger.model import Digest, Environment, Trial
from ledger.model.codec import decode
from ledger.ops.sources import reached, sources
from ledger.ops.unrecorded_variables import VARIABLE, variable_read
from ledger.store.base import Store

_USES: Final = {
    "random": (rb"(?<![\w.])random\.[a-z]\w*\(", rb"^\s*(?:from random import|import random\b)"),
    "clock": (
        rb"\b(?:time\.(?:time|time_ns|ctime|asctime|strftime|localtime|gmtime)|\.?(?:now|utcnow|today))\(",
        rb"\b(?:perf_counter|monotonic|process_time)(?:_ns)?\(",
    ),
    "workers": (
        rb"\b(?:ProcessPoolExecutor|ThreadPoolExecutor|Pool|Process|Thread|Parallel)\(",
        rb"\b(?:as_completed|imap_unordered)\(|\b(?:num_workers|n_jobs)=[^0N]",
    ),
    "process": (rb"\bgetp?pid\(|%\(process\)d|\{process\}",),
    "numpy": (rb"\b(?:np|numpy)\.random\.[a-z]\w*\(", rb"^\s*from numpy(?:\.random)? import"),
}
"""By generator: how a call looks, and how what makes one possible looks."""


def suspect(name: str, trial: Trial, store: Store) -> str | None:
    """Where a trial's code may use what `name` stands for, a generator or the like.

    Of `VARIABLE`, which one as well.
    """
    tree, argv = trial.code[0].tree, trial.intent.argv
    if name != VARIABLE:
        return line_that_uses(name, tree, store, argv)
    try:
        recorded = decode(Environment, store.get(trial.environment)).variables
    except LedgerError:
        return None  # as below
    return variable_read({each for each, _ in recorded}, tree, store, argv)


def line_that_uses(generator: str, tree: Digest, store: Store, argv: Sequence[str] = ()) -> str | None:
    """The first line, as ``path:line``, that calls the global `generator`, else one that imports it.

    Comments and texts are not told from code: it is a place to look at, no proof.

    Parameters
    ----------
    generator
        One of those above.
    tree, store
        The recorded code.
    argv
        The command: if it names files of the code, only they, and what they may import, are looked through.
    """
    patterns = [re.compile(each, re.MULTILINE) for each in _USES.get(generator, ())]
    try:
        found = reached(list(sources(tree, store, (".py",))), argv) if patterns else []
    except LedgerError:
        return None  # a damaged object has been named before, where it was needed
    for pattern in patterns:
        for path, content in found:
            use = pattern.search(content)
            if use is not None:
                line = content.count(b"\n", 0, use.end()) + 1
                return f"{path}:{line}"
    return None
