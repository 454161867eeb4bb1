"""Where lines of prose end on a terminal, and how wide the columns of a table are: words stay whole."""

from collections import Counter
from collections.abc import Iterable, Sequence


def letters(text: str) -> int:
    """Columns that a terminal takes for a line of text."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(2 if east_asian_width(each) in "WF" else not combining(each) for each in text)


def longest(texts: Iterable[str]) -> int:
    """Columns of the widest line."""
    return max((letters(each) for text in texts for each in text.split("\n")), default=0)


def longest_word(texts: Iterable[str]) -> int:
    """Columns of the widest word."""
    return longest(word for text in texts for word in text.split())


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most a width that end between words, each as far in as the first one.

    A word that is wider stands alone, whole.
    """
    indent = text[: len(text) - len(text.lstrip(" "))]
    lines, line = [], indent
    for place, word in enumerate(text[len(indent) :].split(" ")):
        longer = f"{line} {word}" if place else f"{line}{word}"
        if letters(longer) <= width or line == indent:
            line = f"{indent}{word}" if line == indent else longer
            continue
        lines.append(line.rstrip())
        line = f"{indent}{word}"
    return [*lines, line]


def shared(cells: Sequence[Iterable[str]], least: Sequence[int], room: int) -> list[int] | None:
    """Widths of columns that share some room; those give way whose cells take the fewest more lines by it.

    Parameters
    ----------
    cells
        Texts of each column.
    least
        Its smallest width.
    room
        Columns of the terminal for all of them.

    Returns
    -------
    list of int or None
        None where they have too little room.
    """
    if sum(least) > room:
        return None
    sizes = [Counter(letters(each) for text in column for each in text.split("\n")) for column in cells]
    widths = [max(low, min(max(each, default=0), room)) for each, low in zip(sizes, least, strict=True)]

    def worse(place: int) -> tuple[int, int]:
        width = widths[place]
        more = sum(times * (-(-size // (width - 1)) + size // -width) for size, times in sizes[place].items())
        return more, -width

    while sum(widths) > room:
        widths[min((each for each, low in enumerate(least) if widths[each] > low), key=worse)] -= 1
    return widths
