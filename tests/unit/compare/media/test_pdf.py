import importlib.util
import io
import time
import zlib
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from ledger.compare import registry
from ledger.compare.media import pdf

_SPEC = importlib.util.spec_from_file_location("hostile", Path(__file__).parents[3] / "hostile.py")
hostile = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(hostile)


def compare(expected, got, **tolerance):
    return hostile.compare(registry.find("application/pdf"), expected, got, **tolerance)


@pytest.fixture
def plotted(monkeypatch):
    """Return a function: draw with matplotlib, at a time of its own."""
    clock = iter(range(1_700_000_000, 1_800_000_000, 1_000_000))

    def plotted(last=1.0, pixel=0.5, level=6, **options):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(next(clock)))
        monkeypatch.setitem(mpl.rcParams, "pdf.compression", level)
        figure = Figure()
        left, right = figure.subplots(1, 2)
        left.plot([0, 1, 2], [0, 1, last], "o-", label="loss")
        left.set_ylim(0, 1.5)
        left.legend()
        pixels = np.random.default_rng(0).random((8, 8))
        pixels[3, 3] = pixel
        right.imshow(pixels, vmin=0, vmax=1)
        file = io.BytesIO()
        figure.savefig(file, format="pdf", **options)
        return file.getvalue()

    return plotted


def test_two_drawings_of_matplotlib_at_two_times_are_the_same(plotted):
    result = compare(plotted(), plotted())
    assert (result.same, result.exact, result.detail) == (True, False, "only dates differ")


def test_another_compression_is_the_same(plotted):
    result = compare(plotted(), plotted(level=1))
    assert (result.same, result.detail) == (True, "only compressed forms and dates differ")


def test_another_point_in_a_drawing_of_matplotlib_differs_and_may_be_near(plotted):
    one, other = plotted(), plotted(last=1.01)
    result = compare(one, other)
    assert not result.same
    assert result.detail.startswith("stream ")
    assert " numbers differ, by up to " in result.detail
    assert compare(one, other, atol=3).same
    assert not compare(one, other, atol=0.1).same


def test_pixels_are_equal_or_not(plotted):
    result = compare(plotted(), plotted(pixel=0.6), atol=1000)
    assert not result.same
    assert ": its content differs; " in result.detail


def test_what_it_was_made_with_counts_and_is_said(plotted):
    one = plotted(metadata={"Producer": "Maker 1.9", "Creator": "Me"})
    other = plotted(metadata={"Producer": "Maker 1.10", "Creator": "Me"})
    result = compare(one, other)
    assert (result.same, result.detail) == (False, "Producer: 'Maker 1.9' and 'Maker 1.10'")


def test_what_pillow_writes_at_two_times_is_the_same():
    files = []
    for seconds in (1_700_000_000, 1_800_000_000):
        file = io.BytesIO()
        image = Image.fromarray(np.zeros((4, 4, 3), "u1"))
        when = time.gmtime(seconds)
        image.save(file, "PDF", creationDate=when, modDate=when)
        files.append(file.getvalue())
    assert compare(*files).detail == "only dates differ"


def document(*objects, trailer=b""):
    content, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Size %d %b >>\nstartxref\n%d\n" % (len(objects) + 1, trailer, len(content))
    return content + b"xref\n0 %d\n0000000000 65535 f \n%b%b%%%%EOF\n" % (len(objects) + 1, table, end)


def stream(content, words=b"", packed=False):
    if packed:
        content, words = zlib.compress(content), words + b" /Filter /FlateDecode"
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(content), words, content)


XMP = b"""<x:xmpmeta><rdf:Description xmp:CreateDate="%b" xmpMM:DocumentID="uuid:%b">
<xmp:ModifyDate>%b</xmp:ModifyDate><xmpMM:InstanceID>uuid:%b</xmpMM:InstanceID><pdf:Producer>%b</pdf:Producer>
</rdf:Description></x:xmpmeta>"""


def metadata(date, name, producer=b"P", packed=False):
    words = b"/Type /Metadata /Subtype /XML"
    return document(stream(XMP % (date, name, date, name, producer), words, packed))


@pytest.mark.parametrize("packed", [False, True])
def test_dates_and_ids_of_xmp_do_not_count(packed):
    one = metadata(b"2026-01-01", b"a", packed=packed)
    assert (
        compare(one, metadata(b"2027-01-01T00:00", b"bb", packed=packed)).detail
        == "only dates and ids differ"
    )
    result = compare(one, metadata(b"2026-01-01", b"a", b"Q", packed=packed))
    assert (result.same, result.detail) == (False, "pdf:Producer: 'P' and 'Q'")


def test_ids_of_the_trailer_do_not_count():
    one, other = (document(b"<< >>", trailer=b"/ID [<%b> <%b>]" % (each, each)) for each in (b"ab", b"cdef"))
    assert compare(one, other).detail == "only ids differ"


@pytest.mark.parametrize(
    ("one", "other", "detail"),
    [
        (b"<< /A 1 >>", b"<< /A 2 >>", "text 0: 1 of 8 numbers differ"),
        (b"<< /A /B >>", b"<< /A /C >>", "text 0, line 3: '<< /A /B >>' and '<< /A /C >>'"),
        (b"<< /Title (a) >>", b"<< /Title (b) >>", "text 0, line 3: "),
        (stream(b"a"), b"<< >>", "text 0, line 3: '<< /Length   >>' and '<< >>'"),
        (stream(b"\0\1"), stream(b"\0\2"), "stream 0: its content differs; 3 and 3 bytes"),
        (
            stream(b"\0\1", packed=True),
            stream(b"\0\2", packed=True),
            "stream 0: its content differs; 2 and 2 bytes",
        ),
        (
            stream(b"1", b"/Subtype /Image", packed=True),
            stream(b"2", b"/Subtype /Image", packed=True),
            "stream 0: its content differs; 1 and 1 bytes",
        ),
    ],
)
def test_everything_else_counts(one, other, detail):
    result = compare(document(one), document(other))
    assert not result.same
    assert result.detail.startswith(detail)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4", b"%PDF-1.4\nstream\n\0%%EOF", bytes(100)])
def test_what_is_no_whole_document_is_compared_as_bytes(content):
    assert "(compared as bytes: " in compare(content, document(b"<< >>")).detail


def test_a_stream_that_is_damaged_is_compared_as_bytes():
    whole = document(stream(b"0 0 m " * 100, packed=True))
    damaged = whole.replace(b"x\x9c", b"y\x9c")
    assert compare(whole, damaged).detail.startswith("stream 0: its content differs")


def test_damaged_files_never_fail(plotted):
    hostile.check_damaged(
        pdf.compare, plotted(), document(stream(b"1 2 m", packed=True)), metadata(b"1", b"2")
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "content",
    [
        document(stream(bytes(400 << 20), packed=True)),
        document(*[stream(bytes(30 << 20), packed=True)] * 50),
        document(b"/CreationDate (" * 200_000),
        document(b"/ID [(" * 200_000),
        document(b"/Length " * 200_000 + b"1" * 200_000),
        document(b"stream\n" * 200_000 + b"endstream"),
        document(b"1 " * 200_000 + b" " * 200_000),
    ],
    ids=["bomb", "bombs", "strings", "ids", "lengths", "streams", "numbers"],
)
def test_hostile_documents_take_little_memory_and_time(content):
    changed = content.replace(b"\nendobj", b"\n1 endobj").replace(b"x\x9c", b"x\xda")
    grown, result = hostile.memory_grown(pdf.compare, content, changed)
    assert grown < hostile.MOST_MEMORY
    assert not result.same
