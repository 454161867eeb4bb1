"""PDF: piece by piece, without when it was made, under which id, and how well it is compressed.

A file is cut into text and streams in the order in which they lie there; nothing is looked up in its tables.
Source: ISO 32000-1, sections 7.3.8, 7.5.4, 14.3 and 14.4.
"""

import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import BinaryIO, Final, NamedTuple

from ledger.compare.account import Account, shown
from ledger.compare.base import Unfit
from ledger.compare.leaves import of_content
from ledger.compare.media.drawn_text import MOST_BYTES, compare_texts, without
from ledger.compare.whole import inflated, whole

_MOST_INFLATED: Final = 64_000_000
"""Bytes of one stream."""
_MOST_IN_ALL: Final = 1_000_000_000
_STRING = rb"\s*(?:\((?:\\.|[^\\()]){0,1000}\)|<[0-9A-Fa-f\s]{0,1000}>)"
"""Bounded: without its end, each would be sought to the end of the file."""
_DATES = re.compile(rb"(/CreationDate|/ModDate)" + _STRING, re.DOTALL)
_IDS = re.compile(rb"(/ID)\s*\[" + _STRING + _STRING + rb"\s*\]", re.DOTALL)
_PRODUCERS = re.compile(rb"/(Producer|Creator)(" + _STRING + rb")", re.DOTALL)
_XMP_DATES = re.compile(
    rb"(<xmp:(?:Create|Modify|Metadata)Date>)[^<]*|(\bxmp:(?:Create|Modify|Metadata)Date=\")[^\"]*"
)
_XMP_IDS = re.compile(
    rb"(<xmpMM:(?:Original)?(?:Document|Instance)ID>)[^<]*"
    rb"|(\bxmpMM:(?:Original)?(?:Document|Instance)ID=\")[^\"]*"
)
_XMP_PRODUCERS = re.compile(rb"<(pdf:Producer|xmp:CreatorTool)>([^<]*)")
_OFFSETS = re.compile(rb"\b\d{10} (\d{5} [nf])|(\bstartxref\s+)\d+")
_LENGTHS = re.compile(rb"(/Length\s+)\d+(?!\s+\d+\s+R)\b")
_LENGTH_REFERENCES = re.compile(rb"/Length\s+(\d+)\s+\d+\s+R\b")
_BODY = re.compile(rb"(?<!\d)(\d+)(\s+\d+\s+obj\s+)\d+(?=\s+endobj)")
_STREAM = re.compile(rb"\bstream\r?\n")
_DRAWN = bytes(range(32, 127)) + b"\t\n\r"


class _Piece(NamedTuple):
    text: bytes
    """What lies before a stream, its dictionary at the end."""
    stream: bytes


def _compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    contents = [whole(each) for each in (expected, got)]
    for content in contents:
        if b"%PDF-" not in content[:1024]:
            raise Unfit("it is no PDF")
        if b"%%EOF" not in content[-1024:]:
            raise Unfit("it ends early")
    lengths = [set(_LENGTH_REFERENCES.findall(each)) for each in contents]
    total = 0
    for number, (one, other) in enumerate(zip_longest(*map(_pieces, contents))):
        if one is None or other is None:
            account.differ("streams", f"the {'first' if one is None else 'second'} has only {number}")
            return
        if one.text != other.text:
            left, right = _without_lengths(one.text, lengths[0]), _without_lengths(other.text, lengths[1])
            _compare_texts(f"text {number}", left, right, account)
        if one.stream != other.stream:
            total += _compare_streams(f"stream {number}", one, other, account)
            if total > _MOST_IN_ALL:
                raise Unfit(f"its streams have more than {_MOST_IN_ALL} bytes")


compare = of_content(_compare)
"""Dates and ids never count; what it was made with does, and is said; numbers may be near each other."""


def _pieces(content: bytes) -> Iterator[_Piece]:
    start = 0
    while found := _STREAM.search(content, start):
        end = content.find(b"endstream", found.end())
        if end < 0:
            raise Unfit("a stream of it has no end")
        yield _Piece(content[start : found.end()], content[found.end() : end])
        start = end
    yield _Piece(content[start:], b"")


def _without_lengths(text: bytes, objects: set[bytes]) -> bytes:
    """Without what follows from how long streams are: those are compared themselves."""
    if len(text) > MOST_BYTES:
        return text
    text = without(_OFFSETS, text, _beginning)
    text = without(_LENGTHS, text, _beginning)
    return without(_BODY, text, lambda found: found[1] + found[2] if found[1] in objects else found[0])


def _compare_texts(place: str, expected: bytes, got: bytes, account: Account) -> None:
    """Compare what dictionaries and descriptions say."""
    if max(len(expected), len(got)) > MOST_BYTES:
        compare_texts(place, expected, got, account)
        return
    for patterns, what in (((_DATES, _XMP_DATES), "dates"), ((_IDS, _XMP_IDS), "ids")):
        for pattern in patterns:
            if _found(pattern, expected) != _found(pattern, got):
                account.ignore(what)
            expected, got = (without(pattern, text, _beginning) for text in (expected, got))
    for pattern in (_PRODUCERS, _XMP_PRODUCERS):
        left, right = _found(pattern, expected), _found(pattern, got)
        if left != right and [each[1] for each in left] == [each[1] for each in right]:
            for one, other in zip(left, right, strict=True):
                if one[2] != other[2]:
                    told = (shown(each[2].strip(b" ()").decode("utf-8", "replace")) for each in (one, other))
                    account.differ(one[1].decode(), " and ".join(told))
            expected, got = pattern.sub(b"", expected), pattern.sub(b"", got)
    compare_texts(place, expected, got, account)


def _found(pattern: re.Pattern[bytes], text: bytes) -> list[tuple[bytes, ...]]:
    """Of each match the whole and its groups."""
    return [(each[0], *each.groups(b"")) for each in pattern.finditer(text)]


def _beginning(found: re.Match[bytes]) -> bytes:
    """What a match begins with: its only group that took part."""
    return next(each for each in found.groups() if each is not None)


def _compare_streams(place: str, expected: _Piece, got: _Piece, account: Account) -> int:
    """Compare two streams whose bytes differ; how many bytes were looked at."""
    heads = [each.text[each.text.rfind(b"obj") + 3 :] for each in (expected, got)]
    if all(b"/XRef" in each for each in heads):
        return 0  # offsets follow from what lies in the file
    one, other = expected.stream, got.stream
    is_metadata = all(b"/Metadata" in each for each in heads)
    if all(b"/FlateDecode" in each for each in heads):
        try:
            one, other = inflated(one, _MOST_INFLATED), inflated(other, _MOST_INFLATED)
        except Unfit:
            pass  # encrypted, or damaged: bytes decide
        if one == other:
            account.ignore("compressed forms")
            return len(one) * 2
    encoded = any(b"/Image" in each or b"/ASCII" in each for each in heads)
    if is_metadata or (not encoded and _is_drawing(one) and _is_drawing(other)):
        _compare_texts(place, one, other, account)
    else:
        account.differ(place, f"its content differs; {len(one)} and {len(other)} bytes")
    return len(one) + len(other)


def _is_drawing(stream: bytes) -> bool:
    """Whether it is plain text, as what draws a page is."""
    return not stream.translate(None, _DRAWN)
