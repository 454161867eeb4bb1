"""PostScript and EPS: as text, without when, by whom and as which file it was made."""

import re
from typing import BinaryIO, Final

from ledger.compare.account import Account
from ledger.compare.base import Unfit
from ledger.compare.leaves import of_content
from ledger.compare.media.drawn_text import compare_texts
from ledger.compare.whole import whole

_MOST_BYTES: Final = 16_000_000
_HEADER = re.compile(rb"^%%(CreationDate|Title|For): *([^\r\n]*)", re.MULTILINE)
_PLACE_OR_TIME = re.compile(rb"[/\\]|\d\d:\d\d|\d{4}-?\d\d-?\d\d|\.e?ps$")
_WHAT = {b"CreationDate": "dates", b"Title": "titles", b"For": "users"}


def _compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    sides = [_masked(whole(each, _MOST_BYTES)) for each in (expected, got)]
    for what in _WHAT.values():
        left, right = ([each for each in found if each[0] == what] for _, found in sides)
        if left != right:
            account.ignore(what)
    compare_texts("", sides[0][0], sides[1][0], account)


compare = of_content(_compare)
"""Dates never count, titles and users do not if they name a file or hold a time; numbers may be near."""


def _masked(text: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    if not text.startswith(b"%!"):
        raise Unfit("it is no PostScript")
    masked: list[tuple[str, bytes]] = []

    def take(found: re.Match[bytes]) -> bytes:
        name, said = found[1], found[2]
        if name != b"CreationDate" and not _PLACE_OR_TIME.search(said):
            return found[0]
        masked.append((_WHAT[name], said))
        return b"%%" + name + b":"

    return _HEADER.sub(take, text), masked
