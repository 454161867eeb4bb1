"""Pictures by their pixels, all frames, with Pillow if it is installed."""

import io
import warnings
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import zip_longest
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy

from ledger.compare.account import Account, shown
from ledger.compare.base import Unfit
from ledger.compare.leaves import of_content
from ledger.compare.numbers import Apart, Block, apart
from ledger.compare.whole import whole

if TYPE_CHECKING:
    from PIL import Image

HINT: Final = "pip install 'replay-ledger[images]'"
MOST_PIXELS = 24_000_000
"""Of one frame; two pictures of that size take 200 MB."""
_MOST_OF_WEBP = 12_000_000
"""Its reader keeps four pictures."""
_MOST_MOVING = 4_000_000
"""Of one frame of many: readers keep those before."""
_MOST_FRAMES = 10_000
_MOST_IN_ALL = 1_000_000_000
"""Pixels of all frames."""
_STRIP = 1 << 20
"""Pixels that are compared at once."""
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"BM", "BMP"),
)
_WIDE = {"I": "i4", "F": "f4", "I;16": "<u2", "I;16L": "<u2", "I;16B": ">u2", "I;16N": "=u2"}
"""Types of the modes of more than 8 bits."""
_COUNTED = ("icc_profile", "transparency", "duration", "loop")
"""What else a frame says that is seen."""
_ORIENTATION = 274


def available() -> bool:
    """Whether pixels can be looked at."""
    return find_spec("PIL") is not None


def _compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    compare_contents(whole(expected), whole(got), account)
    account.ignore("bytes that make no pixels")


compare = of_content(_compare)
"""Whatever their media type says, they are read as what they begin like."""


def compare_contents(expected: bytes, got: bytes, account: Account) -> None:
    """Compare two pictures.

    Raises
    ------
    Unfit
        If one of them cannot be read, or is too large.
    """
    formats = [_format(each) for each in (expected, got)]
    if formats[0] != formats[1]:
        account.differ("format", f"{formats[0]} and {formats[1]}")
        return
    if not available():
        raise Unfit(f"{HINT} tells whether its pixels differ")
    total = 0
    frames = (_frames(each, formats[0]) for each in (expected, got))
    for number, (one, other) in enumerate(zip_longest(*frames)):
        place = f"frame {number}, " if number else ""
        if one is None or other is None:
            account.differ("frames", f"the {'first' if one is None else 'second'} has only {number}")
            break
        total += one.width * one.height
        if total > _MOST_IN_ALL:
            raise Unfit(f"its frames have more than {_MOST_IN_ALL} pixels")
        _compare_frames(place, one, other, account)


def _format(content: bytes) -> str:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    for beginning, name in _BEGINNINGS:
        if content.startswith(beginning):
            return name
    raise Unfit("it is no picture of a known format")


def _frames(content: bytes, name: str) -> Iterator["Image.Image"]:
    """Each frame, decoded; the one before is invalid then."""
    image_module = import_module("PIL.Image")
    number = 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # sizes are looked at here
            image: Image.Image = image_module.open(io.BytesIO(content), formats=(name,))
        while True:
            most = _MOST_OF_WEBP if name == "WEBP" else MOST_PIXELS
            if number or getattr(image, "is_animated", False):
                most = _MOST_MOVING
            if image.width * image.height > most:
                raise Unfit(f"it has more than {most} pixels")
            if number >= _MOST_FRAMES:
                raise Unfit(f"it has more than {_MOST_FRAMES} frames")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                _check_depth(image)
                image.load()
            yield image
            number += 1
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    image.seek(number)
            except EOFError:
                return
    except Unfit:
        raise
    except Exception as error:  # of hostile files Pillow raises whatever comes up
        raise Unfit(f"it cannot be read: {type(error).__name__}") from error


def _check_depth(image: "Image.Image") -> None:
    """Refuse colours of which Pillow keeps the upper 8 bits only."""
    if image.mode in _WIDE:
        return
    for tile in getattr(image, "tile", ()):
        words = tile[3] if isinstance(tile[3], tuple) else (tile[3],)
        if any(isinstance(each, str) and each.partition(";")[2].startswith(("16", "32")) for each in words):
            raise Unfit("its colours have more than 8 bits")


def _compare_frames(place: str, one: "Image.Image", other: "Image.Image", account: Account) -> None:
    if one.size != other.size:
        sizes = " and ".join(f"{each.width} x {each.height}" for each in (one, other))
        account.differ(f"{place}size", f"{sizes} pixels")
        return
    modes = {one.mode, other.mode}
    coloured = modes <= {"P", "PA", "RGB", "RGBA"} and modes not in ({"RGB"}, {"RGBA"})
    if len(modes) > 1 and not coloured:
        account.differ(f"{place}mode", f"{one.mode} and {other.mode}")
        return
    for name in _COUNTED:
        if coloured and name == "transparency":
            continue  # it is in the pixels then
        _differ(f"{place}{name}", one.info.get(name), other.info.get(name), account)
    _differ(f"{place}orientation", _orientation(one), _orientation(other), account)
    found, differing = Apart(), 0
    rows = max(1, _STRIP // max(1, one.width))
    for top in range(0, one.height, rows):
        box = (0, top, one.width, min(one.height, top + rows))
        a, b = (_numbers(each, box, coloured=coloured) for each in (one, other))
        differing += int(numpy.count_nonzero(((a != b) & ((a == a) | (b == b))).any(axis=1)))
        found += apart(a.ravel(), b.ravel(), account.tolerance)
    account.add(f"{place}{differing} of {one.width * one.height} pixels", found)


def _differ(place: str, expected: object, got: object, account: Account) -> None:
    """What is no pixel is equal or not: a tolerance for colours means nothing to it."""
    if expected != got:
        account.differ(place, f"{shown(expected)} and {shown(got)}")


def _numbers(image: "Image.Image", box: tuple[int, int, int, int], *, coloured: bool) -> Block:
    """Some rows: a pixel a row, a sample a column."""
    strip = image.crop(box)
    if coloured:
        strip = strip.convert("RGBA")
    elif strip.mode == "1":
        strip = strip.convert("L")
    count = strip.width * strip.height
    if strip.mode in _WIDE:
        return numpy.frombuffer(strip.tobytes(), _WIDE[strip.mode]).reshape(count, -1)
    return numpy.frombuffer(strip.tobytes(), "u1").reshape(count, -1)


def _orientation(image: "Image.Image") -> object:
    try:
        return image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - as above
        return None
