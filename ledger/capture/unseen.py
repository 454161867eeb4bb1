"""What a run says at its end of files that were not watched, where the person can change that."""

from typing import Final

from ledger.capture.accesses import Watched, Watching

CURABLE: Final = ("--no-trace leaves it its rights", "and could not be copied before")
"""What gaps have in their text that somebody can do something about."""
_WATCHED: Final = {
    Watching.PROBE: "only what Python opens was watched",
    Watching.NONE: "no files were watched",
}
_MOST: Final = 3


def warnings(watched: Watched, *, asked: bool) -> list[str]:
    """A line for each reason; none for what lies in the program's nature, such as a connection.

    Parameters
    ----------
    watched
        What was seen.
    asked
        Whether files were to be watched: who does not want it need not be told.
    """
    found = [each for each in watched.gaps if any(text in each for text in CURABLE)][:_MOST]
    how = _WATCHED.get(watched.by)
    if asked and how is not None and watched.fallback is not None:
        found.append(f"{how}: {watched.fallback}")
    return [f"inputs may be missing from the record: {each}" for each in found]
