"""Images by their first bytes."""

import io

import pytest
from PIL import Image

from ledger.ui.data import images


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("GIF", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
    ],
)
def test_size_and_type_are_those_that_a_real_reader_finds(form, options):
    file = io.BytesIO()
    Image.new("RGB", (37, 11), "red").save(file, form, **options)
    found = images.read(file.getvalue())
    assert (found.width, found.height, found.media_type) == (37, 11, f"image/{form.lower()}")
    assert found.is_small


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\0\0" * 9,
        b"GIF89a",
        b"RIFF----WEBPVP8X",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
def test_what_is_no_whole_header_is_no_image(content):
    assert images.read(content) is None


def test_a_few_bytes_that_claim_to_be_huge_are_not_shown():
    file = io.BytesIO()
    Image.new("1", (8, 8)).save(file, "PNG")
    head = file.getvalue()
    huge = head[:16] + (20_000).to_bytes(4, "big") * 2 + head[24:]
    assert images.read(head).is_small
    assert not images.read(huge).is_small
