"""Draws of the program's own code from the operating system's randomness, by line.

The events are ``entropy`` of ``_ledger_probe_seeds``, with these generators: ``os.urandom``,
``os.getrandom``, ``secrets``, ``uuid.uuid1``, ``uuid.uuid4`` and ``random.SystemRandom``. What a library
draws for itself (names of temporary files, keys of connections) is left out: only where nothing but
`secrets`, `uuid` and `random` stands between the draw and the program's line, that line drew.
"""

from __future__ import annotations

import sys
from os import urandom

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SKIPPED = "<ledger probe: importlib_bootstrap>"
"""As in ``_ledger_probe``: what tracebacks and warnings leave out."""
FOR_THE_CALLER = {"random.py": "random.SystemRandom", "secrets.py": "secrets", "uuid.py": "uuid."}
"""Files of the standard library whose randomness is their caller's: the generator's name."""
BUILT_IN = type(urandom)
MOST_PLACES = 1000


class Source:
    """Stands in the place of a built-in function: not bound by classes, pickled by the same name."""

    def __init__(self, probe: Any, original: Any, drew: Any) -> None:
        self._ledger = probe, original, drew
        self.__wrapped__ = original
        self.__name__ = original.__name__
        self.__qualname__ = original.__qualname__
        self.__module__ = original.__module__
        self.__doc__ = original.__doc__
        self.__self__ = original.__self__
        self.__text_signature__ = original.__text_signature__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Look who calls, then draw."""
        probe, original, drew = self._ledger
        probe.guard("entropy", drew, sys._getframe(1))
        try:
            return original(*args, **kwargs)
        except BaseException as error:
            if error.__traceback__ is not None:
                error.__traceback__ = error.__traceback__.tb_next
            raise

    def __repr__(self) -> str:
        """Look as the original does."""
        return repr(self._ledger[1])

    def __reduce__(self) -> str:
        """Pickle by name."""
        return str(self.__name__)


Source.__call__.__code__ = Source.__call__.__code__.replace(co_filename=SKIPPED, co_name="urandom")


def watch_system(probe: Any, os: Any) -> None:
    """Cover the functions through which Python code draws from the system."""
    for name in ("urandom", "getrandom"):
        original = getattr(os, name, None)
        if not isinstance(original, BUILT_IN):
            continue
        source = Source(probe, original, drawn_by(probe, "os." + name))
        for module in (os, sys.modules.get(original.__module__)):
            if getattr(module, name, None) is original:
                setattr(module, name, source)
        early = sys.modules.get("random")
        if name == "urandom" and getattr(early, "_urandom", None) is original:
            early._urandom = source  # type: ignore[union-attr]


def drawn_by(probe: Any, name: str) -> Any:
    """Return what is called with the frame that draws."""
    known: set[tuple[str, int]] = set()
    library, own = probe.library, probe.directory + "/_ledger_probe"

    def drew(frame: Any) -> None:
        generator = name
        while frame is not None:
            code = frame.f_code
            file = probe.file_of(frame)
            if file == SKIPPED:
                if code.co_name == "getrandbits":
                    return  # numpy's draw, which is told as such
            elif file.startswith(own):
                pass
            elif not probe.is_library(file):
                place = (file, frame.f_lineno)
                if place not in known and len(known) < MOST_PLACES and not file.startswith("<frozen"):
                    known.add(place)
                    book = probe.part("seeds").book_of(probe)
                    book.tell({"event": "entropy", "generator": generator, "where": "%s:%d" % place})
                return
            else:
                end = FOR_THE_CALLER.get(file[len(library) :]) if file.startswith(library) else None
                if end is None:
                    return
                generator = end + code.co_name if end == "uuid." else end
            frame = frame.f_back

    return drew


def watch_uuid(probe: Any, uuid: Any) -> None:
    """Watch the identifiers that the clock and the machine give; those of `uuid4` draw from the system."""
    drew = drawn_by(probe, "uuid.uuid1")
    probe.part("seeds").replace(probe, [uuid], "uuid1", lambda *_: drew(sys._getframe(1)))


def watch_jax(probe: Any, module: Any) -> None:
    """Watch the keys that jax's generators begin with; there is none without a seed."""
    seeds = probe.part("seeds")
    book = seeds.book_of(probe)

    def by_key(args: Any, kwargs: Any) -> None:
        value = seeds.first(args, kwargs, "seed")
        if hasattr(value, "__index__") and not hasattr(value, "aval") and not probe.importing():
            book.called("jax", value)

    for name in ("PRNGKey", "key"):
        if hasattr(module, name):
            seeds.replace(probe, [module], name, by_key)


def watch_sklearn(probe: Any, module: Any) -> None:
    """Note which lines of the program let scikit-learn use numpy's global generator (`random_state=None`)."""
    seeds = probe.part("seeds")
    book = seeds.book_of(probe)

    def by_check(args: Any, kwargs: Any) -> None:
        if seeds.first(args, kwargs, "seed") is None and not probe.importing():
            book.used("numpy", probe.where_own())

    seeds.replace(probe, [module], "check_random_state", by_check)
