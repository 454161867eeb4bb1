"""Media type → comparator."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, BinaryIO

from ledger.compare import bytes as byte_by_byte
from ledger.compare.base import Comparator, Comparison, Tolerance


class _Lazy:
    """A comparator of a module of this package, which is imported when it is called."""

    def __init__(self, module: str, function: str = "compare") -> None:
        self._module, self._function = f"ledger.compare.{module}", function

    @property
    def comparator(self) -> Any:
        return getattr(import_module(self._module), self._function)

    def __call__(self, expected: BinaryIO, got: BinaryIO, tolerance: Tolerance) -> Comparison:
        found: Comparison = self.comparator(expected, got, tolerance)
        return found


COMPARATORS: dict[str, Comparator] = {
    "application/json": _Lazy("texts.json_values"),
    "application/pdf": _Lazy("media.pdf"),
    "application/postscript": _Lazy("media.postscript"),
    "application/x-catboost": _Lazy("models.catboost"),
    "application/x-tfevents": _Lazy("tables.event_files"),
    "audio/wav": _Lazy("media.sound"),
    "image/bmp": _Lazy("media.images"),
    "image/gif": _Lazy("media.images"),
    "image/jpeg": _Lazy("media.images"),
    "image/png": _Lazy("media.png"),
    "image/svg+xml": _Lazy("media.svg"),
    "image/tiff": _Lazy("media.images"),
    "image/webp": _Lazy("media.images"),
    "application/gzip": _Lazy("archives.compressed"),
    "application/x-bzip2": _Lazy("archives.compressed"),
    "application/x-xz": _Lazy("archives.compressed"),
    "application/zstd": _Lazy("archives.compressed"),
    "application/x-tar": _Lazy("archives.tar"),
    "application/vnd.sqlite3": _Lazy("tables.sqlite"),
    "application/vnd.apache.parquet": _Lazy("tables.tables", "compare_parquet"),
    "application/vnd.apache.arrow.file": _Lazy("tables.tables", "compare_arrow"),
    "application/vnd.apache.arrow.stream": _Lazy("tables.tables", "compare_arrow"),
    "application/x-feather": _Lazy("tables.tables", "compare_arrow"),
    "application/x-orc": _Lazy("tables.tables", "compare_orc"),
    "application/x-hdf5": _Lazy("tables.hdf5"),
    "text/csv": _Lazy("tables.delimited"),
    "text/tab-separated-values": _Lazy("tables.delimited"),
    **dict.fromkeys(
        (
            "text/plain",
            "text/markdown",
            "text/html",
            "text/x-python",
            "text/x-shellscript",
            "text/x-tex",
            "application/toml",
            "application/xml",
            "application/yaml",
        ),
        _Lazy("texts.text"),
    ),
    "application/jsonl": _Lazy("texts.json_lines"),
    "application/x-ipynb+json": _Lazy("texts.notebook"),
    "application/x-npy": _Lazy("arrays.npy"),
    "application/x-onnx": _Lazy("models.onnx"),
    "application/x-npz": _Lazy("arrays.npz"),
    "application/x-matlab": _Lazy("arrays.matlab"),
    "application/x-safetensors": _Lazy("arrays.safetensors"),
    "application/x-pickle": _Lazy("pickled.pickles"),
    "application/x-joblib": _Lazy("pickled.pickles"),
    "application/x-pytorch": _Lazy("pickled.torch_files"),
    "application/x-ubjson": _Lazy("models.ubjson"),
    "application/zip": _Lazy("archives.zips"),
    "application/x-keras": _Lazy("archives.zips"),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _Lazy("archives.zips"),
}
"""By media type; every other type is compared byte for byte."""


def find(media_type: str) -> Comparator:
    """The comparator for contents of `media_type` (parameters such as ``; charset`` do not count)."""
    essence = media_type.partition(";")[0].strip().lower()
    return COMPARATORS.get(essence, byte_by_byte.compare)


def content_of(media_type: str) -> Callable[[BinaryIO, BinaryIO, Any], None] | None:
    """What compares contents of `media_type` that lie in others, see `leaves.ByContent`; None if bytes do."""
    found = find(media_type)
    content: Callable[[BinaryIO, BinaryIO, Any], None] | None
    content = getattr(found.comparator if isinstance(found, _Lazy) else found, "content", None)
    return content
