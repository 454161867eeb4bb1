"""How trials are made again, as Python asks for it."""

from collections.abc import Mapping, Sequence

from ledger.errors import UsageError
from ledger.ops.replay import ReplayOptions


def replay_options(
    env: str,
    rtol: float | None,
    atol: float | None,
    strict: bool,
    maps: Mapping[str, str] | None,
    timeout: float | None,
    secrets: Sequence[str],
    *,
    network: bool = True,
) -> ReplayOptions:
    """What `Ledger.replay` was asked for.

    Raises
    ------
    UsageError
        If `env` is neither of both.
    """
    return ReplayOptions(
        env=checked_environment(env),
        rtol=rtol,
        atol=atol,
        strict=strict,
        maps=tuple((maps or {}).items()),
        timeout=timeout,
        network=network,
        secrets=tuple(secrets),
    )


def checked_environment(env: str) -> str:
    """Return which environment is meant.

    Raises
    ------
    UsageError
        If it is neither ``recreate`` nor ``current``.
    """
    if env not in ("recreate", "current"):
        raise UsageError("a bad environment", cause=f"env: expected recreate or current, got {env!r}")
    return env
