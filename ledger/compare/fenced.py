"""Readers in C, which a hostile file may crash: they compare in a process of their own, under limits."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from io import BufferedRandom, BufferedReader, FileIO
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import BinaryIO, Final

from ledger.compare.account import Account
from ledger.compare.base import Comparator, Comparison, Distance, Tolerance, Unfit
from ledger.compare.content import of_comparison

MEMORY: Final = 500 << 20
"""Bytes that a reader may take."""
_PATIENCE: Final = 60
"""Seconds of CPU time that it may take, and a second more for each `_SPEED` bytes."""
_SPEED: Final = 5_000_000
_BLOCK: Final = 1 << 20
_KEPT: Final = ("LD_LIBRARY_PATH", "TZ", "TZDIR", "TMPDIR")
_SETTINGS: Final = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "HDF5_PLUGIN_PATH": "",
    "HDF5_PLUGIN_PRELOAD": "::",
    "HDF5_USE_FILE_LOCKING": "FALSE",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONSAFEPATH": "1",
}
"""Memory is counted as it is taken; HDF5 loads no filters from elsewhere."""


def of_reader(module: str, begins: bytes, why: str, lacking: Callable[[], str | None] = str) -> Comparator:
    """A comparator that calls ``compare_files`` of a module of this package in a process of its own.

    Parameters
    ----------
    module
        Its function gets two descriptors of files and an account.
    begins
        How contents of its type begin.
    why
        What to say of others.
    lacking
        Says why its module cannot be used, if so.
    """

    def compare(expected: BinaryIO, got: BinaryIO, tolerance: Tolerance) -> Comparison:
        if reason := lacking():
            raise Unfit(reason)
        for each in (expected, got):
            begin = each.read(len(begins))
            each.seek(0)
            if begin != begins:
                raise Unfit(why)
        with _on_disk(expected) as one, _on_disk(got) as other:
            return _asked(module, [one, other], tolerance)

    return of_comparison(compare)


@contextmanager
def _on_disk(content: BinaryIO) -> Iterator[int]:
    """Descriptor of a file that holds `content`."""
    if isinstance(content, BufferedReader | BufferedRandom) and isinstance(content.raw, FileIO):
        yield content.fileno()
        return
    with TemporaryFile(prefix="ledger-") as file:
        try:
            copyfileobj(content, file, _BLOCK)
            file.flush()
        except OSError as error:
            raise Unfit(f"no room for a copy of it: {error.strerror}") from None
        yield file.fileno()


def _asked(module: str, files: list[int], tolerance: Tolerance) -> Comparison:
    seconds = _PATIENCE + sum(os.fstat(each).st_size for each in files) // _SPEED
    arguments = [module, *map(str, files), str(seconds), repr(tolerance.rtol), repr(tolerance.atol)]
    environment = {key: os.environ[key] for key in _KEPT if key in os.environ} | _SETTINGS
    environment["PYTHONPATH"] = os.pathsep.join(each for each in sys.path if each)
    done = subprocess.run(
        [sys.executable, "-B", "-m", __name__, *arguments],
        pass_fds=files,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise Unfit(f"reading it takes more than {seconds} s")
    try:
        found = json.loads(done.stdout)
    except ValueError:
        raise Unfit("its reader crashed") from None
    if isinstance(found, str):
        raise Unfit(found)
    distance = found.pop("distance")
    return Comparison(**found, distance=Distance(**distance) if distance else None)


def _limit(seconds: int) -> None:
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_DATA, MEMORY),
    ):
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


def _answer(arguments: list[str]) -> dict[str, object] | str:
    module, first, second, seconds, rtol, atol = arguments
    # What it imports is read before nothing more can be.
    compare: Callable[[int, int, Account], None] = import_module(f"ledger.compare.{module}").compare_files
    _limit(int(seconds))
    account = Account(Tolerance(rtol=float(rtol), atol=float(atol)))
    try:
        compare(int(first), int(second), account)
    except Unfit as error:
        return str(error)
    except MemoryError:
        return f"reading it takes more than {MEMORY >> 20} MiB"
    found = account.comparison()
    fields = ("absolute", "relative", "ulp", "differing", "compared")
    distance = found.distance and {each: getattr(found.distance, each) for each in fields}
    return {"same": found.same, "exact": found.exact, "detail": found.detail, "distance": distance}


if __name__ == "__main__":
    json.dump(_answer(sys.argv[1:]), sys.stdout)
