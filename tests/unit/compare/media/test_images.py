import importlib.util
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ledger.compare import registry
from ledger.compare.media import images

_SPEC = importlib.util.spec_from_file_location("hostile", Path(__file__).parents[3] / "hostile.py")
hostile = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(hostile)

PIXELS = np.random.default_rng(1).integers(10, 245, (20, 30, 3), dtype="u1")
TYPES = {
    "image/bmp": ("BMP", {}),
    "image/gif": ("GIF", {}),
    "image/jpeg": ("JPEG", {}),
    "image/tiff": ("TIFF", {}),
    "image/webp": ("WEBP", {"lossless": True}),
}
every = pytest.mark.parametrize("media_type", TYPES)


def written(media_type, pixels, **options):
    name, default = TYPES[media_type]
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, name, **default | options)
    return file.getvalue()


def compare(media_type, expected, got, **tolerance):
    return hostile.compare(registry.find(media_type), expected, got, **tolerance)


@every
def test_other_pixels_are_counted_and_measured(media_type):
    changed = PIXELS.copy()
    changed[:8, :8] += 9
    result = compare(media_type, written(media_type, PIXELS), written(media_type, changed))
    assert not result.same
    assert " of 600 pixels: " in result.detail
    assert compare(media_type, written(media_type, PIXELS), written(media_type, changed), atol=255).same


@pytest.mark.parametrize(
    ("media_type", "options"),
    [
        ("image/jpeg", {"comment": b"made now"}),
        ("image/bmp", {"dpi": (70, 70)}),
        ("image/gif", {"comment": b"made now"}),
        ("image/tiff", {"compression": "tiff_adobe_deflate"}),
        ("image/tiff", {"software": "made now"}),
        ("image/webp", {"method": 0}),
    ],
)
def test_what_makes_no_pixels_does_not_count(media_type, options):
    one, other = written(media_type, PIXELS), written(media_type, PIXELS, **options)
    assert one != other
    result = compare(media_type, one, other)
    assert (result.same, result.exact) == (True, False)
    assert result.detail == "only bytes that make no pixels differ"


@every
def test_other_sizes_are_said(media_type):
    result = compare(media_type, written(media_type, PIXELS), written(media_type, PIXELS[1:]))
    assert (result.same, result.detail) == (False, "size: 30 x 20 and 30 x 19 pixels")


def moving(media_type, reds, **options):
    frames = [Image.new("RGB", (8, 8), (each, 0, 0)) for each in reds]
    return written(media_type, frames[0], save_all=True, append_images=frames[1:], **options)


@pytest.mark.parametrize("media_type", ["image/gif", "image/webp", "image/tiff"])
def test_all_frames_count(media_type):
    one, other = moving(media_type, (10, 20, 30)), moving(media_type, (10, 20, 90))
    assert compare(media_type, one, other).detail.startswith("frame 2, 64 of 64 pixels: ")
    shorter = compare(media_type, one, moving(media_type, (10, 20)))
    assert (shorter.same, shorter.detail) == (False, "frames: the second has only 2")


def test_how_long_a_frame_is_seen_counts():
    one, other = (moving("image/gif", (10, 20), duration=each) for each in (100, 200))
    assert compare("image/gif", one, other).detail.startswith("duration: ")


def test_how_a_picture_is_turned_counts():
    turned = Image.Exif()
    turned[274] = 6
    result = compare("image/jpeg", written("image/jpeg", PIXELS), written("image/jpeg", PIXELS, exif=turned))
    assert "orientation: 1 and 6" in result.detail


@pytest.mark.parametrize("dtype", ["<u2", ">u2", "<i4", "<f4"])
def test_wide_numbers_are_compared_whole(dtype):
    numbers = np.arange(600, dtype=dtype).reshape(20, 30) + np.array(
        70_000 if dtype[1:] != "u2" else 0, dtype
    )
    changed = numbers.copy()
    changed[1, 2] += 1
    result = compare("image/tiff", *(written("image/tiff", each) for each in (numbers, changed)))
    assert result.detail.startswith("1 of 600 pixels: 1 of 600 numbers differ, by up to 1")


def test_without_pillow_bytes_decide_and_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(images, "available", lambda: False)
    result = compare("image/jpeg", written("image/jpeg", PIXELS), written("image/jpeg", PIXELS, comment=b"x"))
    assert not result.same
    assert "pip install 'replay-ledger[images]' tells whether its pixels differ" in result.detail


def test_pillow_is_imported_only_when_pictures_differ():
    program = "import sys; from ledger.compare.media import images, png; sys.exit('PIL' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


@every
def test_damaged_files_are_compared_as_bytes(media_type):
    contents = [written(media_type, PIXELS)]
    if media_type in ("image/gif", "image/webp", "image/tiff"):
        contents.append(moving(media_type, (10, 20, 30)))
    hostile.check_damaged(images.compare, *contents)
    result = compare(media_type, contents[0], contents[0][:20])
    assert not result.same
    assert "(compared as bytes: " in result.detail


@every
def test_huge_declared_sizes_take_little_memory(media_type):
    content = bytearray(written(media_type, PIXELS))
    wide, high = {
        "image/bmp": (b"\x1e\0\0\0\x14\0\0\0", b"\0\0\1\0\0\0\1\0"),
        "image/gif": (b"\x1e\0\x14\0", b"\xff\xff\xff\xff"),
        "image/jpeg": (b"\0\x14\0\x1e", b"\xff\xff\xff\xff"),
        "image/tiff": (b"\x1e\0", b"\xff\xff"),
        "image/webp": (b"\x1d\xc0\4", b"\xff\xff\x0f"),
    }[media_type]
    assert wide in content
    huge = bytes(
        content.replace(wide, high).replace(b"\x14\0", b"\xff\xff")
        if media_type == "image/tiff"
        else content.replace(wide, high)
    )
    grown, result = hostile.memory_grown(images.compare, huge, bytes(content))
    assert grown < hostile.MOST_MEMORY
    assert not result.same
