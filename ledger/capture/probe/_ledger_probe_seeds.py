"""Which generators the program seeded, which drew from the system's randomness, and the seeds enforced.

Each is told once, at most 100 of a kind in a process:

    {"event": "seeded", "generator", "value", "where"}
    {"event": "entropy", "generator", "where"}
    {"event": "enforced", "generator", "value"}

Generators: ``random`` and ``numpy`` (the global ones), ``random.Random``, ``numpy.default_rng``, ``torch``,
``tensorflow``, ``jax``, and those of ``_ledger_probe_entropy``; an ``entropy`` of ``numpy`` is any draw of
its bit generators. The value is a number, a string or a list of them; of anything else its text, with
``"opaque": true``. ``where`` is ``file:line``. A seed that is the time of now or the process id is
``entropy`` too, of ``random (seeded from the clock)`` or ``random (seeded from the process id)``. Where the
global generator of numpy or torch had moved on before its first seed, that is ``entropy`` of ``torch (before
it was seeded)``, whose ``where`` is the line that seeds it.

A global generator that at the end had moved on though nothing had seeded it is ``entropy`` whose ``where``
is the first line of the program's own modules that uses it, if any, else those lines that let scikit-learn
use it, else null. Where no line uses ``random``, only libraries drew from it, often for a file name: then
the generator is ``random (used by libraries only)``. In a forked child Python seeds ``random`` from the
system; where the parent had seeded it, it is ``random (in a forked process)``. The end is that of a normal
exit, or `os._exit`; a process that is killed has told only what it seeded, and its other generators. An
unseeded ``random.Random`` is told when it dies or at the end, since until then it may be given a seed.
RandomState and generators made from a SeedSequence are classes that stay as they are: their unseeded draws
are seen, their explicit seeds are not. What an installed library makes for itself while it is imported
is left out.

With ``LEDGER_SEED`` = N each global generator is seeded as soon as its module has been imported: `random`
and torch with N, numpy with N modulo 2**32, tensorflow with N; what numpy would draw from the system comes
from a SplitMix64 stream that starts at N. What the program seeds later wins. A Python child that is started
afresh (spawn, subprocess) gets the same seeds as its parent. A forked child gets N derived by the order of
forks for `random` (which Python would seed from the system there) and for numpy's stream, so that siblings
differ; numpy's global generator and torch's go on as copies, as they always do.
"""

from __future__ import annotations

import os
import sys
from _weakref import ref
from time import time_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST = 100
LONGEST = 200
MASK = (1 << 64) - 1


SECOND = 10**9
CLOCKS = (
    (10**9, (10 * SECOND, 0)),
    (10**6, (10 * SECOND, 10 * SECOND)),
    (10**3, (10 * SECOND, SECOND)),
    (1, (10 * SECOND, SECOND // 1000)),
)
"""Unit of a clock in nanoseconds: how old a seed may be that is the time, whole and by a modulus. The finer
the unit, the more of the numbers below the modulus are a time of late."""
MODULI = (1 << 32, (1 << 32) - 1, 1 << 31, (1 << 31) - 1)
LEAST = 1_000_000
"""Smaller numbers are somebody's choice rather than what a modulus left of the time."""
LEAST_PROCESS = 1000
"""Smaller numbers of processes are often somebody's choice of a seed."""
LOADER = "/torch/utils/data/_utils/worker.py:"
"""Torch seeds each worker of each epoch from its own generator: what that one began with says it all."""
EARLY = " (before it was seeded)"
FORKED = " (in a forked process)"
CLASSES = rb"(?!default_rng|Generator|RandomState|SeedSequence)"
USES = {
    "random": (
        rb"^[^#\n]*(?<![\w.])random\.(?!seed\b|[gs]etstate\b)[a-z]\w*\(",
        rb"^[^#\n]*(?<![\w.])random\.(?!seed\b|[gs]etstate\b)[a-z]\w*",
        rb"^\s*(?:from random import|import random as)",
    ),
    "numpy": (
        rb"^[^#\n]*\b(?:np|numpy)\.random\." + CLASSES + rb"[a-z]\w*\(",
        rb"^\s*from numpy\.random import " + CLASSES,
        rb"^\s*(?:import numpy\.random as|from numpy import random)",
    ),
    "torch": (
        rb"^[^#\n]*\btorch\.(?:rand\w*|normal|multinomial|bernoulli)\(",
        rb"^[^#\n]*\bnn\.[A-Z]\w*\(",
    ),
}
"""How lines look that use a global generator, the surest first."""
MOST_SOURCE = 1_000_000


class Book:
    """What was told already; one for each process."""

    def __init__(self, probe: Any) -> None:
        self.probe = probe
        self.told: set[str] = set()
        self.counts: dict[str, int] = {}
        self.seeded: set[str] = set()
        self.users: dict[str, dict[str, None]] = {}
        self.moved: dict[str, Any] = {}
        """Of the global generators of numpy and torch: whether they are no longer as they began."""

    def used(self, generator: str, where: str | None) -> None:
        """Note a line that lets a library use a global generator."""
        lines = self.users.setdefault(generator, {})
        if where is not None and len(lines) < MOST:
            lines[where] = None

    def tell(self, event: dict[str, Any]) -> None:
        """Emit an event, once."""
        kind = event["event"]
        key = repr(event)
        if self.counts.get(kind, 0) < MOST and key not in self.told:
            self.told.add(key)
            self.counts[kind] = self.counts.get(kind, 0) + 1
            self.probe.emit(event)

    def called(self, generator: str, value: Any, *outside: str) -> None:
        """A generator was seeded by the program: with `value`, or from the system if that is None."""
        where = self.probe.where(*outside)
        if LOADER in (where or ""):
            self.seeded.add(generator)
            return
        if generator not in self.seeded and generator in self.moved and self.moved[generator]():
            own = self.probe.where_own() or where
            self.tell({"event": "entropy", "generator": generator + EARLY, "where": own})
        self.seeded.add(generator)
        if value is None:
            self.tell({"event": "entropy", "generator": generator, "where": where})
        else:
            shown, opaque = plain(value)
            event = {"event": "seeded", "generator": generator, "value": shown, "where": where}
            self.tell({**event, "opaque": True} if opaque else event)
            source = chance(shown)
            if source is not None:
                name = "%s (seeded from the %s)" % (generator, source)
                self.tell({"event": "entropy", "generator": name, "where": where})

    def enforce(self, generator: str, value: int, seed: Any) -> None:
        """Seed a generator for `--seed`."""
        seed(value)
        self.tell({"event": "enforced", "generator": generator, "value": value})

    def drawn(self, generator: str, state: Any, held: Any = None) -> None:
        """Look at the end whether an unseeded global generator moved on.

        Parameters
        ----------
        generator
            Its name.
        state
            Returns what tells its states apart.
        held
            Whether a thread holds it. In a forked child that thread is gone, and the state is waited for in
            vain; None where that cannot be found out: the child is not looked at.
        """
        before = state()
        kind = ""

        def begin_anew() -> None:
            nonlocal before, kind
            before = state()
            if generator in self.seeded:
                self.seeded.discard(generator)
                kind = FORKED

        if generator == "random":  # to which Python gives another seed of the system in each forked child
            os.register_at_fork(after_in_child=lambda: self.probe.guard("fork", begin_anew))
        if generator != "random":  # from which libraries draw names of files at any time
            self.moved[generator] = lambda: state() != before

        def look(probe: Any) -> None:
            if os.getpid() != probe.first_pid and (held is None or held()):
                return
            if generator in self.seeded or state() == before:
                return
            line = probe.guard("lines", line_that_uses, probe, generator)
            lines = [line] if line is not None else list(self.users.get(generator, ()))
            name = generator
            # A worker of joblib gets functions of the script without the script.
            has_file = "__mp_main__" in sys.modules or "/loky/" not in (main_file() or "/loky/")
            if not lines and generator == "random" and has_file:
                name += " (used by libraries only)"
            elif generator == "random":
                name += kind
            for where in lines or [None]:
                self.tell({"event": "entropy", "generator": name, "where": where})

        self.probe.at_exit.append((generator, look))


def held(lock: Any) -> Any:
    """Return a function that tells whether another thread holds a lock; None if there is none to ask."""
    if lock is None:
        return None

    def ask() -> bool:
        if not lock.acquire(False):
            return True
        lock.release()
        return False

    return ask


def chance(value: Any) -> str | None:
    """Return what a seed was taken from if it is the time of now or the process id; None if it is neither."""
    # Of several random words in a list one is soon the time of now by chance.
    for number in value if isinstance(value, list) and len(value) == 1 else (value,):
        if type(number) is str:
            try:
                number = float(number[:40])
            except ValueError:
                continue
        if type(number) not in (int, float) or not abs(number) < 1 << 64:
            continue
        if number == os.getpid() and number >= LEAST_PROCESS:
            return "process id"
        now = time_ns()
        for unit, (age, wrapped) in CLOCKS:
            if abs(now / unit - number) * unit <= age:
                return "clock"
            if wrapped and number >= LEAST:
                for modulus in MODULI:
                    if (now // unit - int(number)) % modulus * unit <= wrapped:
                        return "clock"
    return None


def main_file() -> str | None:
    """Return the program's file; at the end, ``__main__.__file__`` is gone."""
    path = getattr(getattr(sys.modules.get("__main__"), "__loader__", None), "path", None)
    return path if isinstance(path, str) else None


def line_that_uses(probe: Any, generator: str) -> str | None:
    """Return the first line of the program's own modules that looks as if it used a global generator."""
    import re

    script = main_file()
    files: dict[Any, None] = {script: None}
    files.update((getattr(module, "__file__", None), None) for module in list(sys.modules.values()))
    own = [each for each in files if isinstance(each, str) and (each is script or each.endswith(".py"))]
    own = [each for each in own if not probe.is_library(each) and not probe.is_own(each)]
    for pattern in USES[generator]:
        for file in own:
            try:
                with open(file, "rb") as source:
                    found = re.compile(pattern, re.MULTILINE).search(text := source.read(MOST_SOURCE))
            except OSError:
                continue  # it was there when it was imported
            if found is not None:
                return "%s:%d" % (file, text.count(b"\n", 0, found.end()) + 1)
    return None


def plain(value: Any) -> tuple[Any, bool]:
    """Return a seed as a number, a string or a list of numbers; anything else as its text, and True."""
    if isinstance(value, str):
        return str.__str__(value)[:LONGEST], len(value) > LONGEST
    if isinstance(value, float):
        return float(value), False
    if getattr(value, "ndim", 0) and value.size <= 64:
        value = value.tolist()
    if isinstance(value, (list, tuple)) and len(value) <= 64:
        members = [plain(each) for each in value]
        if not any(opaque for _, opaque in members):
            return [member for member, _ in members], False
    elif hasattr(value, "__index__") and int(value.__index__()).bit_length() <= 1024:
        return int(value.__index__()), False
    return repr(value)[:LONGEST], True


def book_of(probe: Any) -> Book:
    """Return the one book of this process."""
    if not hasattr(probe, "book"):
        probe.book = Book(probe)
    book: Book = probe.book
    return book


def first(args: Any, kwargs: Any, name: str) -> Any:
    """Return the seed among a call's arguments."""
    return args[0] if args else kwargs.get(name)


def replace(probe: Any, owners: list[Any], name: str, before: Any) -> None:
    """Put an observed function in the place of `name` in its modules."""
    owners = [owner for owner in owners if hasattr(owner, name)]
    if not owners:
        return
    original = getattr(owners[0], name)
    wrapper = probe.observed(original, before)
    wrapper.__module__, wrapper.__qualname__ = owners[0].__name__, name  # so that it pickles by name
    for owner in owners:
        if getattr(owner, name) is original:
            setattr(owner, name, wrapper)


def in_forks(probe: Any, pin: Any) -> None:
    """Call `pin` with a forked child's own seed."""
    lineage = Lineage(probe.seed)
    os.register_at_fork(
        before=lineage.count,
        after_in_child=lambda: probe.guard("fork", lambda: pin(lineage.descend())),
    )


def watch_random(probe: Any, random: Any) -> None:
    """Watch and seed the standard library's generator."""
    book = book_of(probe)
    seed = random.seed
    unseeded: dict[int, Any] = {}  # began from the system's randomness, may be given a seed yet

    def by_seed(args: Any, kwargs: Any) -> None:
        book.called("random", first(args, kwargs, "a"))

    def settle(number: int) -> None:
        _, event = unseeded.pop(number, (None, None))
        if event is not None:
            book.tell(event)

    def by_instance(args: Any, kwargs: Any) -> None:
        generator, value = args[0], first(args[1:], kwargs, "a")
        where = probe.where(random.__file__) or ""
        if where.startswith(probe.library) and "-packages/" not in where:
            return  # tempfile and its like are no news
        if probe.importing():
            return
        number = id(generator)
        unseeded.pop(number, None)
        if value is not None:
            book.called("random.Random", value, random.__file__)
        elif len(unseeded) < MOST:
            event = {"event": "entropy", "generator": "random.Random", "where": where or None}
            unseeded[number] = (ref(generator, lambda _: probe.guard("random", settle, number)), event)

    def at_end(_: Any) -> None:
        for number in list(unseeded):
            settle(number)

    os.register_at_fork(after_in_child=unseeded.clear)  # of those, the parent speaks
    if probe.seed is None:
        book.drawn("random", lambda: hash(random.getstate()), lambda: False)
    else:
        book.enforce("random", probe.seed, seed)
        in_forks(probe, seed)
    replace(probe, [random], "seed", by_seed)
    replace(probe, [random], "setstate", lambda *_: book.seeded.add("random"))
    kind = random.Random
    kind.seed = probe.observed(kind.seed, by_instance)
    kind.setstate = probe.observed(kind.setstate, lambda args, _: unseeded.pop(id(args[0]), None))
    probe.at_exit.append(("random.Random", at_end))


class Lineage:
    """Seeds of forked children: of a process's k-th fork, that of the process with k mixed in."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.forks = 0

    def count(self) -> None:
        """Note that the process is about to fork."""
        self.forks += 1

    def descend(self) -> int:
        """Become the child, and return its seed."""
        self.seed = mix(self.seed ^ mix(self.forks))
        self.forks = 0
        return self.seed


def mix(value: int) -> int:
    """Return the SplitMix64 finaliser of a number (Steele, Lea, Flood 2014)."""
    value &= MASK
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ value >> 27) * 0x94D049BB133111EB & MASK
    return value ^ value >> 31


def watch_torch(probe: Any, torch: Any) -> None:
    """Watch and seed torch's default generators."""
    book = book_of(probe)
    owners = [getattr(torch, "random", None), torch]
    place = os.path.dirname(getattr(torch, "__file__", None) or "")
    # What stands between a call of manual_seed and the function itself.
    around = [place + each for each in ("/random.py", "/_compile.py", "/_dynamo/eval_frame.py")]

    def by_seed(args: Any, kwargs: Any) -> None:
        book.called("torch", first(args, kwargs, "seed"), *around)

    def by_state(*_: Any) -> None:
        if not probe.is_library(probe.where() or ""):  # torch itself only puts back what it found
            book.seeded.add("torch")

    if probe.seed is not None:
        book.enforce("torch", probe.seed, torch.manual_seed)
    elif hasattr(torch, "get_rng_state"):
        probe.guard("torch state", book.drawn, "torch", lambda: bytes(torch.get_rng_state().tolist()))
        replace(probe, owners, "set_rng_state", by_state)
    replace(probe, owners, "manual_seed", by_seed)
    replace(probe, owners, "seed", lambda *_: book.called("torch", None))


def watch_tensorflow(probe: Any, tensorflow: Any) -> None:
    """Watch and seed tensorflow's global seed."""
    book = book_of(probe)

    def by_seed(args: Any, kwargs: Any) -> None:
        book.called("tensorflow", first(args, kwargs, "seed"))

    if probe.seed is not None:
        book.enforce("tensorflow", probe.seed, tensorflow.random.set_seed)
    replace(probe, [tensorflow.random], "set_seed", by_seed)
