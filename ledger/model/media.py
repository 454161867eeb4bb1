"""Media types by suffix: the few that programs which train write, named as comparators ask for them."""

from typing import Final

UNKNOWN: Final = "application/octet-stream"

_TYPES: Final = {
    # arrays and models
    "npy": "application/x-npy",
    "npz": "application/x-npz",
    "pt": "application/x-pytorch",
    "pth": "application/x-pytorch",
    "ckpt": "application/x-pytorch",
    "safetensors": "application/x-safetensors",
    "onnx": "application/x-onnx",
    "gguf": "application/x-gguf",
    "pkl": "application/x-pickle",
    "pickle": "application/x-pickle",
    "joblib": "application/x-joblib",
    "cbm": "application/x-catboost",
    "ubj": "application/x-ubjson",
    "keras": "application/x-keras",
    "tflite": "application/x-tflite",
    "pb": "application/x-protobuf",
    "h5": "application/x-hdf5",
    "hdf5": "application/x-hdf5",
    "mat": "application/x-matlab",
    # tables
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "parquet": "application/vnd.apache.parquet",
    "feather": "application/vnd.apache.arrow.file",
    "arrow": "application/vnd.apache.arrow.file",
    "arrows": "application/vnd.apache.arrow.stream",
    "orc": "application/x-orc",
    "avro": "application/x-avro",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "sqlite": "application/vnd.sqlite3",
    "sqlite3": "application/vnd.sqlite3",
    "db": "application/vnd.sqlite3",
    # text and settings
    "txt": "text/plain",
    "log": "text/plain",
    "out": "text/plain",
    "err": "text/plain",
    "md": "text/markdown",
    "html": "text/html",
    "xml": "application/xml",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "ndjson": "application/jsonl",
    "ipynb": "application/x-ipynb+json",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "toml": "application/toml",
    "ini": "text/plain",
    "cfg": "text/plain",
    "py": "text/x-python",
    "sh": "text/x-shellscript",
    "tex": "text/x-tex",
    # pictures, sound, film, print
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "webp": "image/webp",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "eps": "application/postscript",
    "ps": "application/postscript",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "mp4": "video/mp4",
    # archives
    "zip": "application/zip",
    "whl": "application/zip",
    "tar": "application/x-tar",
    "gz": "application/gzip",
    "tgz": "application/gzip",
    "bz2": "application/x-bzip2",
    "xz": "application/x-xz",
    "zst": "application/zstd",
}


def media_type(path: str) -> str:
    """Media type of a file by its name; `UNKNOWN` where the name says nothing.

    TensorBoard's event files are told by ``tfevents`` in their name.
    """
    name = path.rpartition("/")[2]
    if ".tfevents." in name:
        return "application/x-tfevents"
    stem, dot, suffix = name.rpartition(".")
    return _TYPES.get(suffix.lower(), UNKNOWN) if dot and stem else UNKNOWN
