"""SVG: as text, without dates, comments and what ids are called. No XML parser is involved."""

import base64
import binascii
import io
import re
from array import array
from functools import partial
from typing import BinaryIO, Final

from ledger.compare.account import Account
from ledger.compare.base import Unfit
from ledger.compare.leaves import of_content
from ledger.compare.media import png
from ledger.compare.media.drawn_text import ATTRIBUTES, compare_texts, without
from ledger.compare.whole import whole

_MOST_BYTES: Final = 16_000_000
_MOST_PICTURES = 1_000
_MOST_VALUES = 100_000
_DATE = re.compile(rb"(<dc:date>)([^<]*)(?=</dc:date>)")
_ID = re.compile(
    rb"""(?P<before>\sid=["']|href=["']\#|url\(["']?\#)(?P<id>[^"')<>]+)""",
)
_END = re.compile(rb"</(\w+:)?svg\s*>\s*$")
_PICTURE = re.compile(rb"""(href=["'])data:image/png;base64,([^"']*)""")


class _Drawing:
    """A text, taken apart."""

    def __init__(self, text: bytes) -> None:
        if b"<svg" not in text:
            raise Unfit("it is no SVG")
        text, self.comments = _without_comments(text)
        if not _END.search(text[-1000:]):
            raise Unfit("it ends early")
        self.dates: list[bytes] = []
        self.pictures: list[bytes] = []
        self.ids: dict[bytes, int] = {}
        """Each to its place in the order of appearance."""
        self.uses = array("q")
        """Ids by that place, wherever one stands."""
        for pattern, values in ((_DATE, self.dates), (_PICTURE, self.pictures)):
            text = without(pattern, text, partial(_keep, values))
        self.text = without(_ID, text, self._rename)

    def _rename(self, found: re.Match[bytes]) -> bytes:
        self.uses.append(self.ids.setdefault(found["id"], len(self.ids)))
        return found["before"]


def _keep(values: list[bytes], found: re.Match[bytes]) -> bytes:
    if len(values) >= _MOST_VALUES:
        raise Unfit(f"it has more than {_MOST_VALUES} dates or pictures")
    values.append(found[2])
    return found[1]


def _without_comments(text: bytes) -> tuple[bytes, bytes]:
    """A text with as many lines, and its comments."""
    kept, comments, place = bytearray(), bytearray(), 0
    while (start := text.find(b"<!--", place)) >= 0:
        end = text.find(b"-->", start + 4)
        if end < 0:
            break
        kept += text[place:start]
        kept += b"\n" * text.count(b"\n", start, end)
        place = end + 3
        comments += text[start:place]
    return bytes(kept + text[place:]), bytes(comments)


def _compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    left, right = (_Drawing(whole(each, _MOST_BYTES)) for each in (expected, got))
    compare_texts("", left.text, right.text, account, ATTRIBUTES)
    if left.text == right.text and left.uses != right.uses:
        account.differ("ids", "what they refer to differs")
    _compare_pictures(left.pictures, right.pictures, account)
    for what in ("dates", "comments", "ids"):
        if list(getattr(left, what)) != list(getattr(right, what)):
            account.ignore(what)


compare = of_content(_compare)
"""Dates, comments and names of ids never count; numbers may be near each other."""


def _compare_pictures(expected: list[bytes], got: list[bytes], account: Account) -> None:
    """Compare the PNG files that are part of the drawings."""
    if len(expected) != len(got):
        account.differ("pictures", f"{len(expected)} and {len(got)}")
        return
    differing = [place for place, each in enumerate(expected) if each != got[place]]
    if len(differing) > _MOST_PICTURES:
        raise Unfit(f"more than {_MOST_PICTURES} pictures in it differ")
    for place in differing:
        try:
            files = [io.BytesIO(_decoded(each[place])) for each in (expected, got)]
        except binascii.Error as error:
            raise Unfit("a picture in it is not in base64") from error
        found = png.compare(files[0], files[1], account.tolerance)
        if not found.same:
            account.differ(f"picture {place}", found.detail or "its content differs")
        elif found.distance:
            account.ignore("pictures within the tolerance")
        else:
            account.ignore("bytes of pictures that make no pixels")


def _decoded(text: bytes) -> bytes:
    return base64.b64decode(b"".join(text.split()), validate=True)
