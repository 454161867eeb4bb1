"""Two contents of each format that differ in a few numbers, as bytes, made anew."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import zipfile
import zlib
from pathlib import Path

import joblib
import numpy
import scipy.io
import scipy.sparse

GOLDEN = Path(__file__).parents[2] / "golden"


def saved(save, *arguments, **named):
    file = io.BytesIO()
    save(file, *arguments, **named)
    return file.getvalue()


def npy(array):
    return saved(numpy.save, array)


def archive(members, when=(2020, 1, 1, 0, 0, 0), packing=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, content in members.items():
            made.writestr(zipfile.ZipInfo(name, when), content, packing)
    return file.getvalue()


def safetensors(tensors, metadata=None):
    """Of (dtype, shape, bytes) by name."""
    header, data = {"__metadata__": metadata} if metadata else {}, b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def dumped(value, compress=0):
    return saved(lambda file: joblib.dump(value, file, compress=compress))


def mat(variables, **options):
    return saved(scipy.io.savemat, variables, **options)


def ubjson(value):
    """As XGBoost writes it: arrays of numbers have a type and a count."""
    if isinstance(value, dict):
        pairs = (
            b"L" + struct.pack(">q", len(key)) + key.encode() + ubjson(each) for key, each in value.items()
        )
        return b"{" + b"".join(pairs) + b"}"
    if isinstance(value, numpy.ndarray):
        kind = {"f4": b"d", "i4": b"l"}[value.dtype.str[1:]]
        return (
            b"[$"
            + kind
            + b"#L"
            + struct.pack(">q", len(value))
            + value.astype(value.dtype.newbyteorder(">")).tobytes()
        )
    if isinstance(value, list):
        return b"[" + b"".join(map(ubjson, value)) + b"]"
    if isinstance(value, str):
        return b"SL" + struct.pack(">q", len(value)) + value.encode()
    return b"D" + struct.pack(">d", value)


def pairs():
    """{name: (media type, one content, another one)}."""
    sides = []
    for more in (0.0, 0.5):
        numbers = numpy.arange(6.0).reshape(2, 3)
        numbers[1, 2] += more
        value = {
            "a": numbers,
            "s": {"x", 1},
            "n": [1, 2.0 + more, None],
            "f": numpy.float32(1),
            "o": b"b" * 70_000,
        }
        tree = {
            "learner": {
                "weights": numpy.float32([1, 2 + more]),
                "score": 1.0,
                "name": "x",
                "list": ["a", 1.5],
            }
        }
        variables = {
            "a": numbers,
            "z": numbers[1:] + 1j,
            "cell": numpy.array([numbers[0], "text", numpy.zeros((0, 0))], dtype=object),
            "s": scipy.sparse.csc_array(numbers),
            "ok": numpy.array([True, False]),
        }
        side = {
            "json": ("application/json", json.dumps({"a": [1.0, 2.0 + more]}).encode()),
            "jsonl": ("application/jsonl", json.dumps({"a": 2.0 + more}).encode() + b"\n{}\n"),
            "ipynb": ("application/x-ipynb+json", json.dumps({"cells": [], "a": 2.0 + more}).encode()),
            "npy": ("application/x-npy", npy(numbers)),
            "npz": ("application/x-npz", saved(numpy.savez, a=numbers)),
            "packed npz": ("application/x-npz", saved(numpy.savez_compressed, a=numbers)),
            "mat": (
                "application/x-matlab",
                mat({**variables, "cfg": {"lr": 1.0 + more, "tags": ["a", "bb"]}}),
            ),
            "packed mat": ("application/x-matlab", mat(variables, do_compression=True)),
            "safetensors": (
                "application/x-safetensors",
                safetensors({"a": ("F64", [2, 3], numbers.tobytes())}),
            ),
            "zip": ("application/zip", archive({"a.json": b"[%f]" % (1 + more), "b.npy": npy(numbers)})),
            "keras": ("application/x-keras", archive({"config.json": b"[%f]" % (1 + more)})),
            "xlsx": (
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                archive({"a.npz": saved(numpy.savez, a=numbers)}),
            ),
            "ubjson": ("application/x-ubjson", ubjson(tree)),
            "joblib": ("application/x-joblib", dumped(value)),
            "torch": (
                "application/x-pytorch",
                (GOLDEN / f"torch_files/zip_{'b' if more else 'a'}.pt").read_bytes(),
            ),
            "torch stream": (
                "application/x-pytorch",
                (GOLDEN / f"torch_files/stream_{'b' if more else 'a'}.pt").read_bytes(),
            ),
            "torch script": (
                "application/x-pytorch",
                (GOLDEN / f"torch_files/script_{'b' if more else 'a'}.pt").read_bytes(),
            ),
        }
        for protocol in range(6):
            plain = {**value, "o": 1} if protocol < 3 else value
            side[f"pickle {protocol}"] = ("application/x-pickle", pickle.dumps(plain, protocol))
        packers = {"zlib": zlib.compress, "gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
        for name, pack in packers.items():
            side[f"joblib {name}"] = ("application/x-joblib", pack(dumped(value)))
        sides.append(side)
    return {name: (*sides[0][name], sides[1][name][1]) for name in sides[0]}
