import importlib.util
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from ledger.compare import registry
from ledger.compare.media import images, png

_SPEC = importlib.util.spec_from_file_location("hostile", Path(__file__).parents[3] / "hostile.py")
hostile = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(hostile)


def compare(expected, got, **tolerance):
    return hostile.compare(registry.find("image/png"), expected, got, **tolerance)


def written(pixels, mode=None, text=None, **options):
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels, mode)
    information = PngImagePlugin.PngInfo()
    for key, value in (text or {}).items():
        information.add_text(key, value)
    file = io.BytesIO()
    image.save(file, "PNG", pnginfo=information, **options)
    return file.getvalue()


def chunk(name, content):
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def by_hand(width, height, data, depth=8, colour=0, extra=b""):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return png.SIGNATURE + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


RNG = np.random.default_rng(1)
PIXELS = RNG.integers(1, 255, (20, 30, 3), dtype="u1")


@pytest.fixture
def without_pillow(monkeypatch):
    monkeypatch.setattr(images, "available", lambda: False)


@pytest.mark.usefixtures("without_pillow")
@pytest.mark.parametrize(
    ("options", "detail"),
    [
        ({"text": {"Date": "now"}}, "only text chunks differ"),
        ({"dpi": (70, 70)}, "only physical sizes differ"),
        ({"compress_level": 1}, "only compressed forms differ"),
        ({"text": {"a": "b"}, "compress_level": 0}, "only text chunks and compressed forms differ"),
    ],
)
def test_what_makes_no_pixels_does_not_count_and_needs_no_library(options, detail):
    result = compare(written(PIXELS), written(PIXELS, **options))
    assert (result.same, result.exact, result.detail) == (True, False, detail)


@pytest.mark.usefixtures("without_pillow")
def test_time_stamps_do_not_count():
    data = zlib.compress(b"\0\1")
    one, other = (
        by_hand(1, 1, data, extra=chunk(b"tIME", bytes([7, 234, 1, 1, 1, 1, each]))) for each in (1, 2)
    )
    assert compare(one, other).detail == "only time stamps differ"


@pytest.mark.usefixtures("without_pillow")
def test_how_data_is_cut_into_chunks_does_not_count():
    data = zlib.compress(bytes(range(31)) * 10)
    whole = by_hand(30, 10, data)
    header = whole.index(b"IDAT") - 4
    cut = whole[:header] + chunk(b"IDAT", data[:7]) + chunk(b"IDAT", data[7:]) + chunk(b"IEND", b"")
    assert compare(whole, cut).detail == "the values are the same"


def test_other_pixels_are_counted_and_measured():
    changed = PIXELS.copy()
    changed[3, 4] += 1
    changed[5, 6, 2] -= 1
    result = compare(written(PIXELS), written(changed))
    assert (result.same, result.exact) == (False, False)
    assert result.detail.startswith("2 of 600 pixels: 4 of 1800 numbers differ, by up to 1, relatively 0.")
    assert (result.distance.absolute, result.distance.differing, result.distance.compared) == (1.0, 4, 1800)
    near = compare(written(PIXELS), written(changed), atol=1)
    assert near.same
    assert near.detail.startswith("within rtol 0, atol 1: 2 of 600 pixels: ")
    changed[0, 0, 0] = PIXELS[0, 0, 0] ^ 128
    assert not compare(written(PIXELS), written(changed), atol=1).same


@pytest.mark.usefixtures("without_pillow")
def test_without_pillow_other_pixels_are_said_to_differ_and_what_to_install():
    assert compare(written(PIXELS), written(255 - PIXELS)).detail == (
        "pixels: their data differs; pip install 'replay-ledger[images]' tells by how much"
    )
    assert compare(written(PIXELS), written(PIXELS[1:])).detail == "size: 30 x 20 and 30 x 19 pixels"


@pytest.mark.parametrize(
    ("other", "detail"),
    [
        (written(PIXELS[:, 1:]), "size: 30 x 20 and 29 x 20 pixels"),
        (written(PIXELS[:, :, 0]), "mode: RGB and L"),
    ],
)
def test_other_shapes_are_said(other, detail):
    result = compare(written(PIXELS), other)
    assert (result.same, result.detail) == (False, detail)


def test_another_order_of_a_palette_is_the_same_picture():
    image = Image.fromarray(PIXELS // 64 * 64, "RGB").quantize(64)
    order = RNG.permutation(64)
    turned = image.remap_palette(order.tolist())
    assert np.array_equal(np.asarray(image.convert("RGB")), np.asarray(turned.convert("RGB")))
    assert compare(written(image), written(turned)).detail == "only compressed forms differ"
    assert compare(written(image), written(image.convert("RGB"))).same


def test_what_is_seen_but_no_pixel_counts():
    data = zlib.compress(b"\0\1")
    one, other = (by_hand(1, 1, data, extra=chunk(b"gAMA", bytes([0, 0, 0, each]))) for each in (1, 2))
    assert compare(one, other).detail == "chunk gAMA: its content differs"
    assert compare(one, by_hand(1, 1, data)).detail == "chunk gAMA: only the first has it"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_mode_is_measured(mode):
    if mode == "I;16":
        images_ = [Image.fromarray(np.full((4, 4), each, "u2")) for each in (1000, 1001)]
    else:
        images_ = [Image.new("RGB", (4, 4), each).convert(mode) for each in ("#000000", "#ffffff")]
    assert images_[0].mode == mode
    result = compare(*map(written, images_))
    assert not result.same
    assert result.detail.startswith("16 of 16 pixels: ")


def test_colours_of_16_bits_are_never_said_to_be_the_same():
    """Pillow keeps the upper 8 bits only."""
    one, other = (
        by_hand(1, 1, zlib.compress(b"\0" + struct.pack(">HHH", 256, 512, 768 + each)), 16, 2)
        for each in (0, 1)
    )
    result = compare(one, other)
    assert not result.same
    assert "more than 8 bits" in result.detail


def test_a_moving_picture_is_compared_frame_by_frame():
    frames = [Image.new("RGB", (8, 8), (each, 0, 0)) for each in (10, 20, 30)]
    other = [*frames[:2], Image.new("RGB", (8, 8), (31, 0, 0))]
    one, two = (written(each[0], save_all=True, append_images=each[1:]) for each in (frames, other))
    result = compare(one, two)
    assert result.detail.startswith("frame 2, 64 of 64 pixels: 64 of 192 numbers differ, by up to 1")
    assert compare(one, two, atol=1).same


def test_a_picture_of_another_format_is_read_as_what_it_is():
    files = [io.BytesIO(), io.BytesIO()]
    Image.fromarray(PIXELS).save(files[0], "BMP")
    Image.fromarray(PIXELS).save(files[1], "GIF")
    assert compare(files[0].getvalue(), written(PIXELS)).detail == "format: BMP and PNG"


@pytest.mark.parametrize("library", [True, False])
def test_damaged_files_are_compared_as_bytes(library, monkeypatch):
    monkeypatch.setattr(images, "available", lambda: library)
    hostile.check_damaged(png.compare, written(PIXELS), written(PIXELS[:, :, 0], text={"a": "b"}))
    result = compare(written(PIXELS), written(PIXELS)[:-20])
    assert result.detail.startswith("the first ")
    assert result.detail.endswith("(compared as bytes: it ends early)")


@pytest.mark.parametrize(
    "picture",
    [
        by_hand(1 << 30, 1 << 30, zlib.compress(bytes(100))),
        by_hand(60_000, 60_000, zlib.compress(bytes(1 << 20))),
        by_hand(2, 2, zlib.compress(bytes(400 << 20))),
        by_hand(
            2, 2, zlib.compress(bytes(6)), extra=chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(400 << 20)))
        ),
        by_hand(4900, 4900, zlib.compress(bytes(4901 * 4900))),
        png.SIGNATURE + struct.pack(">I", (1 << 31) - 1) + b"IHDR",
        by_hand(2, 2, b"", depth=255, colour=255),
    ],
    ids=["huge", "large", "bomb", "profile", "pixels", "chunk", "header"],
)
def test_hostile_sizes_take_little_memory(picture):
    grown, result = hostile.memory_grown(png.compare, picture, by_hand(2, 2, zlib.compress(b"\0\1\2\0\3\4")))
    assert grown < hostile.MOST_MEMORY
    assert not result.same
