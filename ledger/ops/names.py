"""What a name, tag or experiment may be called, so that it can be meant on a command line."""

from ledger.errors import UsageError

MAX_LENGTH = 255


def check_name(name: str, what: str = "name") -> str:
    """Return `name` if a reference can mean it.

    Parameters
    ----------
    name
        As the person gave it.
    what
        What it is for: ``name``, ``tag`` or ``experiment``.

    Raises
    ------
    UsageError
        If it is empty or too long, holds white space, control characters, bytes that are no UTF-8 or ``~``,
        starts with ``@``, ``-`` or ``b3:``, or is a full id. (Shorter hexadecimal names are fine: a name goes
        before an id prefix.)
    """
    cause = _fault(name)
    if cause:
        raise UsageError(
            f"not a good {what}: {name!r}",
            cause=cause,
            hint="use letters, digits and any of . _ - + : / in it, such as baseline-2",
        )
    return name


def _fault(name: str) -> str | None:
    if not name:
        return "it is empty"
    if len(name) > MAX_LENGTH:
        return f"it has {len(name)} characters; {MAX_LENGTH} is the most"
    if name[0] in "@-":
        return f"it starts with {name[0]}, which {'means a trial' if name[0] == '@' else 'means an option'}"
    if "~" in name:
        return "it holds ~, which counts back: name~1 is the one before"
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        return "it is no UTF-8"
    if any(letter.isspace() or not letter.isprintable() for letter in name):
        return "it holds white space or a control character"
    digits = name.removeprefix("b3:")
    if digits != name or (len(digits) == 64 and not digits.strip("0123456789abcdefABCDEF")):
        return "it looks like an id"
    return None
