"""Numpy's generators: those that the program seeds, those that draw from the system, and the enforced seed.

The events are those of ``_ledger_probe_seeds``.
"""

from __future__ import annotations

from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MASK = (1 << 64) - 1


def watch(probe: Any, module: Any) -> None:
    """Watch and seed the global generator, and what `default_rng`, `RandomState` and their like draw."""
    seeds = probe.part("seeds")
    book = seeds.book_of(probe)
    legacy, bits, modern = (getattr(module, each, None) for each in ("mtrand", "bit_generator", "_generator"))

    def by_seed(args: Any, kwargs: Any) -> None:
        book.called("numpy", seeds.first(args, kwargs, "seed"))

    def by_default_rng(args: Any, kwargs: Any) -> None:
        value = seeds.first(args, kwargs, "seed")
        if value is None or hasattr(value, "spawn"):  # a generator is no seed
            return
        if not probe.importing():
            book.called("numpy.default_rng", value)

    if probe.seed is None:
        bit_generator = getattr(getattr(legacy, "_rand", None), "_bit_generator", None)
        held = seeds.held(getattr(bit_generator, "lock", None))

        def state() -> Any:
            return fingerprint(module.get_state(legacy=False))

        probe.guard("numpy state", book.drawn, "numpy", state, held)
        if bits is not None:
            watch_draws(probe, book, legacy, bits)
    else:
        book.enforce("numpy", probe.seed % 2**32, module.seed)
        if bits is not None:
            stream = Stream(probe.seed, seeds.mix)
            bits.randbits = stream.bits
            book.tell({"event": "enforced", "generator": "numpy.default_rng", "value": probe.seed})
            seeds.in_forks(probe, stream.begin)
    seeds.replace(probe, [legacy, module], "seed", by_seed)
    seeds.replace(probe, [legacy, module], "set_state", lambda *_: book.seeded.add("numpy"))
    seeds.replace(probe, [modern, module], "default_rng", by_default_rng)


def watch_draws(probe: Any, book: Any, legacy: Any, bits: Any) -> None:
    """Tell each draw from the system's randomness, except those that RandomState(x) makes and throws away.

    RandomState(x) first makes an unseeded MT19937 and then seeds it, which leaves it without a SeedSequence.
    So what such a generator drew is kept aside until the next draw, or the end, shows what became of it.
    """
    real: Any = getattr(legacy, "_MT19937", None)
    making: dict[int, dict[str, Any] | None] = {}
    made: list[tuple[Any, dict[str, Any]]] = []

    def settle(_: Any = None) -> None:
        while made:
            generator, event = made.pop(0)
            if getattr(generator, "_seed_seq", generator) is not None:
                book.tell(event)

    def ignored(where: str) -> bool:
        """Whether the generator is being unpickled, or belongs to a library that is being imported."""
        return "/numpy/random/_pickle.py:" in where or bool(probe.importing())

    def by_draw(*_: Any) -> None:
        settle()
        where = probe.where() or ""
        event = {"event": "entropy", "generator": "numpy", "where": where or None}
        if get_ident() in making:
            making[get_ident()] = event
        elif not ignored(where):
            book.tell(event)

    class Making(type):
        """What mtrand calls to make an MT19937; it also asks whether something is one."""

        def __call__(cls, *args: Any, **kwargs: Any) -> Any:
            making[get_ident()] = None
            try:
                generator = real(*args, **kwargs)
            finally:
                event = making.pop(get_ident())
            if event is not None and not ignored(event["where"] or ""):
                made.append((generator, event))
            return generator

        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, real)

        def __subclasscheck__(cls, kind: Any) -> bool:
            return issubclass(kind, real)

    bits.randbits = probe.observed(bits.randbits, by_draw)
    if isinstance(real, type):
        legacy._MT19937 = Making("MT19937", (), {"__module__": real.__module__})
        probe.at_exit.append(("numpy", settle))


class Stream:
    """A SplitMix64 stream in the place of the system's randomness."""

    def __init__(self, seed: int, mix: Any) -> None:
        self.mix = mix
        self.state = 0
        self.begin(seed)

    def begin(self, seed: int) -> None:
        """Go back to where the stream of a seed begins."""
        self.state = seed & MASK

    def bits(self, count: int) -> int:
        """Return the next `count` bits as an integer, as `secrets.randbits` does."""
        value = 0
        for _ in range(-(-count // 64)):
            self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
            value = value << 64 | self.mix(self.state)
        return value & ((1 << count) - 1)


def fingerprint(state: Any) -> Any:
    """Return something that tells two states of a generator apart."""
    if isinstance(state, dict):
        return [(name, fingerprint(each)) for name, each in state.items()]
    return state.tobytes() if hasattr(state, "tobytes") else state
