"""Regular expressions that are compiled when they are first used: a command needs few of what it imports."""

import re

__all__ = ["Pattern"]


class Pattern:
    """As `re.compile` makes it, later.

    Parameters
    ----------
    source
        The expression.
    flags
        Of `re`.
    """

    __slots__ = ("_compiled", "flags", "source")

    def __init__(self, source: str, flags: int = 0) -> None:
        self.source = source
        self.flags = flags
        self._compiled: re.Pattern[str] | None = None

    @property
    def compiled(self) -> re.Pattern[str]:
        """The compiled expression."""
        if self._compiled is None:
            self._compiled = re.compile(self.source, self.flags)
        return self._compiled

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """Match all of `text`."""
        return self.compiled.fullmatch(text)

    def match(self, text: str) -> re.Match[str] | None:
        """Match the beginning of `text`."""
        return self.compiled.match(text)

    def search(self, text: str) -> re.Match[str] | None:
        """Find the first match in `text`."""
        return self.compiled.search(text)

    def sub(self, replacement: str, text: str) -> str:
        """Replace all matches in `text`."""
        return self.compiled.sub(replacement, text)
