"""Which generators the program seeded, which drew from the system's randomness, and the seeds enforced.

Each is told once, at most 100 of a kind in a process:

    {"event": "seeded", "generator", "value", "where"}
    {"event": "entropy", "generator", "where"}
    {"event": "enforced", "generator", "value"}

Generators: ``random`` and ``numpy`` (the global ones), ``random.Random``, ``numpy.default_rng``, ``torch``,
``tensorflow``; an ``entropy`` of ``numpy`` is any draw of its bit generators. The value is a number, a
string or a list of them; of anything else its text, with ``"opaque": true``. ``where`` is ``file:line``; an
``entropy`` without it comes at the end: the global generator had moved on though nothing had seeded it. An
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
from _weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST = 100
LONGEST = 200
MASK = (1 << 64) - 1


class Book:
    """What was told already; one for each process."""

    def __init__(self, probe: Any) -> None:
        self.probe = probe
        self.told: set[str] = set()
        self.counts: dict[str, int] = {}
        self.seeded: set[str] = set()

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
        self.seeded.add(generator)
        where = self.probe.where(*outside)
        if value is None:
            self.tell({"event": "entropy", "generator": generator, "where": where})
        else:
            shown, opaque = plain(value)
            event = {"event": "seeded", "generator": generator, "value": shown, "where": where}
            self.tell({**event, "opaque": True} if opaque else event)

    def enforce(self, generator: str, value: int, seed: Any) -> None:
        """Seed a generator for `--seed`."""
        seed(value)
        self.tell({"event": "enforced", "generator": generator, "value": value})

    def drawn(self, generator: str, state: Any) -> None:
        """Look at the end whether an unseeded global generator moved on."""
        before = state()

        def look(_probe: Any) -> None:
            if generator not in self.seeded and state() != before:
                self.tell({"event": "entropy", "generator": generator, "where": None})

        self.probe.at_exit.append((generator, look))


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

    if probe.seed is None:
        book.drawn("random", lambda: hash(random.getstate()))
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

    def by_seed(args: Any, kwargs: Any) -> None:
        book.called("torch", first(args, kwargs, "seed"))

    if probe.seed is not None:
        book.enforce("torch", probe.seed, torch.manual_seed)
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
