"""The seed that a person asks for, and which names mean one."""

import re
from collections.abc import Iterable, Sequence

from ledger.errors import UsageError
from ledger.model.pattern import Pattern

LARGEST = (1 << 63) - 1
_HASH_SEEDS = 1 << 32
_HUMP = Pattern(r"(?<=[a-z0-9])(?=[A-Z])")
_IS_SEED = Pattern(r"(.+_)?(seeds?|seedno|randomseed|rngseed|random_?state)")
_MAY_BE_SEED = Pattern(r"(.+_)?(rs|s|r|sd|rng|prng|rnd|rand|random|randomness|entropy|key)")
_COUNTS_SEEDS = Pattern(r"(.+_)?(n|num|number_of|count|use|no|with)_[a-z_]+")
_SEED_OF = Pattern(
    r"seed_?(everything|all|value|no|num|number|offset|base|main|global|\d+|np|numpy|python|py|torch|cuda|random"
    r"|tf|jax|rng|data|dataset|split|model|init|weights|workers?|train|training|val|valid|eval|test|env|sampler"
    r"|shuffle)"
)


def parse(text: str) -> int:
    """Read the value of ``--seed``.

    Raises
    ------
    UsageError
        If it is no whole number from 0 to 2**63 - 1.
    """
    if re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) and int(text) <= LARGEST:
        return int(text)
    raise UsageError(
        "a bad seed",
        cause=f"--seed: expected a whole number from 0 to {LARGEST}, got {text[:60]!r}",
        hint="ledger run --seed 42 python train.py",
    )


def parse_all(texts: Iterable[str]) -> tuple[int | None, tuple[tuple[str, int], ...]]:
    """Read all values of ``--seed``: ``N``, and ``NAME=N`` for `ledger.seed(NAME)`; the last one counts.

    Returns
    -------
    tuple of int or None, and tuple of (str, int)
        The trial's seed, and those of names, sorted.

    Raises
    ------
    UsageError
        If one is neither.
    """
    main: int | None = None
    named: dict[str, int] = {}
    for text in texts:
        name, equals, value = text.rpartition("=")
        if not equals:
            main = parse(text)
        elif not name or name == "main":
            raise UsageError(
                "a bad seed",
                cause="--seed: expected NAME=N, the name being one that the script gives ledger.seed(),"
                f" and not main; got {text[:60]!r}",
                hint="ledger run --seed 42 seeds all, --seed data=7 what ledger.seed('data') gives",
            )
        else:
            named[name] = parse(value)
    return main, tuple(sorted(named.items()))


def variables_for(seed: int | None, named: Sequence[tuple[str, int]] = ()) -> dict[str, str]:
    """Variables that enforced seeds set for the child; none without one.

    Python takes hash seeds below 2**32 only, so that a larger seed is taken modulo 2**32 there.
    """
    variables = {}
    if seed is not None:
        variables = {"LEDGER_SEED": str(seed), "PYTHONHASHSEED": str(seed % _HASH_SEEDS)}
    if named:
        import json  # of no use to most

        variables["LEDGER_SEEDS"] = json.dumps(dict(named))
    return variables


def is_seed_name(name: str) -> bool:
    """Whether a hyperparameter's name says that it is a seed: ``seed``, ``data.split_seed``, ``randomState``.

    What only has to do with seeds (``num_seeds``, ``seed_lr``, ``seed_text``) is none.
    """
    last = _HUMP.sub("_", name.rpartition(".")[2]).replace("-", "_").lower()
    if "seed" not in last and "random" not in last:
        return False
    if _COUNTS_SEEDS.fullmatch(last):
        return False
    return bool(_IS_SEED.fullmatch(last) or _SEED_OF.fullmatch(last))


def may_name_seed(name: str) -> bool:
    """Whether a name could mean a seed, if its value is known to have seeded something: ``rs``, ``rng``."""
    return (
        _MAY_BE_SEED.fullmatch(_HUMP.sub("_", name.rpartition(".")[2]).replace("-", "_").lower()) is not None
    )
