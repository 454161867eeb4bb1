"""Readers in C, which a hostile file may crash: they work in a process of their own, under limits."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from importlib import import_module
from io import BufferedRandom, BufferedReader, FileIO
from shutil import copyfileobj
from tempfile import NamedTemporaryFile
from types import ModuleType
from typing import Any, BinaryIO, Final

from ledger.compare import sniff
from ledger.compare.account import Account
from ledger.compare.base import Comparator, Comparison, Distance, Tolerance, Unfit
from ledger.compare.content import of_comparison
from ledger.compare.parts import size_of

MEMORY: Final = 500 << 20
"""Bytes that a reader may take."""
_PATIENCE: Final = 60
"""Seconds of CPU time that it may take, and a second more for each `_SPEED` bytes."""
_SPEED: Final = 5_000_000
_GLANCE: Final = 10
"""Seconds of CPU time for a look."""
_LONGEST: Final = 1 << 20
"""Bytes of an answer."""
_COPIED: Final = 256 << 20
"""Bytes of a content that are copied for a look, where it is not a file of its own."""
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


def of_reader(
    module: str, kinds: Collection[str], why: str, lacking: Callable[[], str | None] = str
) -> Comparator:
    """A comparator that calls ``compare_files`` of a module of this package in a process of its own.

    Parameters
    ----------
    module
        Its function gets two descriptors of files and an account.
    kinds
        Media types of the contents that it reads, told by how they begin: not all have names of their own.
    why
        What to say of others.
    lacking
        Says why its module cannot be used, if so.
    """

    def compare(expected: BinaryIO, got: BinaryIO, tolerance: Tolerance) -> Comparison:
        if reason := lacking():
            raise Unfit(reason)
        for each in (expected, got):
            if sniff.media_type(each) not in kinds:
                raise Unfit(why)
        with _on_disk(expected) as one, _on_disk(got) as other:
            return _asked(module, [one, other], tolerance)

    return of_comparison(compare)


def _is_file(content: BinaryIO) -> bool:
    return isinstance(content, BufferedReader | BufferedRandom) and isinstance(content.raw, FileIO)


@contextmanager
def _on_disk(content: BinaryIO) -> Iterator[int]:
    """Descriptor of a file that holds `content`."""
    if _is_file(content):
        yield content.fileno()
        return
    # It has a name: SQLite opens by one what it gets as a descriptor.
    with NamedTemporaryFile(prefix="ledger-") as file:
        try:
            copyfileobj(content, file, _BLOCK)
            file.flush()
        except OSError as error:
            raise Unfit(f"no room for a copy of it: {error.strerror}") from None
        yield file.fileno()


def look(module: str, content: BinaryIO) -> dict[str, Any]:
    """What ``look`` of a module of this package tells of a content, asked in a process of its own.

    Parameters
    ----------
    module
        Its function gets the descriptor of a file and returns what JSON can hold.
    content
        It can seek.

    Raises
    ------
    Unfit
        With the reason, if it cannot be looked into, the reader crashes, takes more than its memory or 10 s
        of CPU time, or answers with more than 1 MiB.
    """
    if not _is_file(content) and size_of(content) > _COPIED:
        raise Unfit(f"more than {_COPIED >> 20} MiB, which would have to be copied first")
    content.seek(0)
    with _on_disk(content) as file:
        return _told("look", module, _GLANCE, [file])


def _asked(module: str, files: list[int], tolerance: Tolerance) -> Comparison:
    seconds = _PATIENCE + sum(os.fstat(each).st_size for each in files) // _SPEED
    found = _told("compare", module, seconds, files, repr(tolerance.rtol), repr(tolerance.atol))
    distance = found.pop("distance")
    needed = Tolerance(**found.pop("needed"))
    return Comparison(**found, distance=Distance(**distance) if distance else None, needed=needed)


def _told(question: str, module: str, seconds: int, files: list[int], *more: str) -> dict[str, Any]:
    arguments = [question, module, str(seconds), *map(str, files), *more]
    environment = {key: os.environ[key] for key in _KEPT if key in os.environ} | _SETTINGS
    environment["PYTHONPATH"] = os.pathsep.join(each for each in sys.path if each)
    whole = False
    with subprocess.Popen(
        [sys.executable, "-B", "-m", __name__, *arguments],
        pass_fds=files,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            assert process.stdout is not None
            answer = process.stdout.read(_LONGEST + 1)
            whole = len(answer) <= _LONGEST
        finally:
            if not whole:
                process.kill()
    if not whole:
        raise Unfit("its reader says too much")
    if process.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise Unfit(f"reading it takes more than {seconds} s")
    try:
        found = json.loads(answer)
    except ValueError:
        raise Unfit("its reader crashed") from None
    if isinstance(found, str):
        raise Unfit(found)
    return dict(found)


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


def _answer(arguments: list[str]) -> str:
    question, module, seconds, *rest = arguments
    # What it imports is read before nothing more can be.
    reader = import_module(f"ledger.compare.{module}")
    _limit(int(seconds))
    try:
        return json.dumps(_QUESTIONS[question](reader, *rest))
    except Unfit as error:
        return json.dumps(str(error))
    except MemoryError:
        return json.dumps(f"reading it takes more than {MEMORY >> 20} MiB")


def _compared(reader: ModuleType, first: str, second: str, rtol: str, atol: str) -> dict[str, Any]:
    account = Account(Tolerance(rtol=float(rtol), atol=float(atol)))
    reader.compare_files(int(first), int(second), account)
    found = account.comparison()
    fields = ("absolute", "relative", "ulp", "differing", "compared")
    distance = found.distance and {each: getattr(found.distance, each) for each in fields}
    needed = {"rtol": found.needed.rtol, "atol": found.needed.atol}
    return {
        "same": found.same,
        "exact": found.exact,
        "detail": found.detail,
        "distance": distance,
        "needed": needed,
        "endless": found.endless,
    }


def _looked(reader: ModuleType, file: str) -> dict[str, Any]:
    return dict(reader.look(int(file)))


_QUESTIONS: Final[dict[str, Callable[..., dict[str, Any]]]] = {"compare": _compared, "look": _looked}


if __name__ == "__main__":
    sys.stdout.write(_answer(sys.argv[1:]))
