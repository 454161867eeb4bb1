"""Values as people read them; reports say them so, too."""

from ledger.ops.text import (
    clean,
    command,
    count,
    duration,
    exact,
    line,
    moment,
    number,
    short,
    size,
    value,
)

__all__ = [
    "clean",
    "command",
    "count",
    "duration",
    "exact",
    "line",
    "moment",
    "number",
    "short",
    "size",
    "value",
]
