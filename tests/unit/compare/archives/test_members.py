import io
import zipfile

from ledger.compare import registry
from ledger.compare.base import Tolerance


def archive(value):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("é", value)
    return out.getvalue()


def test_a_name_that_is_no_text_makes_it_no_archive():
    damaged = archive("2").replace("é".encode(), b"\x80\x80")
    found = registry.find("application/zip")(io.BytesIO(archive("1")), io.BytesIO(damaged), Tolerance())
    assert not found.same
    assert "compared as bytes: no zip archive" in found.detail
