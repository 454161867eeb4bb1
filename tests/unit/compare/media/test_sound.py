import importlib.util
import io
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from ledger.compare import registry
from ledger.compare.media import sound

_SPEC = importlib.util.spec_from_file_location("hostile", Path(__file__).parents[3] / "hostile.py")
hostile = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(hostile)

SAMPLES = np.arange(2000).reshape(1000, 2) - 500


def compare(expected, got, **tolerance):
    return hostile.compare(registry.find("audio/wav"), expected, got, **tolerance)


def written(samples, rate=8000, width=None):
    file = io.BytesIO()
    if width is None:
        wavfile.write(file, rate, samples)
    else:
        with wave.open(file, "wb") as writer:
            writer.setparams((samples.shape[1], width, rate, 0, "NONE", ""))
            writer.writeframes(samples.astype("<i4").view("u1").reshape(-1, 4)[:, :width].tobytes())
    return file.getvalue()


@pytest.mark.parametrize("dtype", ["u1", "<i2", "<i4", "<f4", "<f8"])
def test_samples_are_numbers(dtype):
    one = (SAMPLES % 200).astype(dtype)
    other = one.copy()
    other[7, 1] += 2
    result = compare(written(one), written(other))
    assert (result.same, result.exact) == (False, False)
    assert result.detail.startswith("samples: 1 of 2000 numbers differ, by up to 2")
    assert compare(written(one), written(other), atol=2).same


def test_samples_of_24_bits_are_signed_numbers():
    one = SAMPLES.copy()
    one[3, 0] = -1
    other = one.copy()
    other[3, 0] = 1
    result = compare(written(one, width=3), written(other, width=3))
    assert result.detail.startswith("samples: 1 of 2000 numbers differ, by up to 2, relatively 2")


def test_more_samples_than_are_read_at_once():
    one = np.zeros((700_000, 1), "<i2")
    other = one.copy()
    other[-1] = 1
    assert compare(written(one), written(other)).detail.startswith("samples: 1 of 700000 numbers differ")
    assert compare(written(one, width=3), written(other, width=3)).detail.startswith(
        "samples: 1 of 700000 numbers"
    )


def test_other_rates_and_lengths_are_said():
    one = SAMPLES.astype("<i2")
    assert compare(written(one), written(one, rate=8001)).detail == "rate: '8000 Hz' and '8001 Hz'"
    assert compare(written(one), written(one[:-1])).detail == "samples: shapes [1000, 2] and [999, 2]"


def test_what_is_no_sample_does_not_count():
    one = written(SAMPLES.astype("<i2"))
    other = one[:12] + b"LIST" + struct.pack("<I", 5) + b"hello\0" + one[12:]
    assert compare(one, other).detail == "the values are the same"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"RIFF", "it is no WAV"),
        (written(SAMPLES.astype("<i2"))[:-1], "it ends early"),
        (written(SAMPLES.astype("<i2"))[:30], "it ends early"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0", "it has no format"),
    ],
)
def test_what_is_no_whole_file_is_compared_as_bytes(content, reason):
    result = compare(written(SAMPLES.astype("<f4")), content)
    assert result.detail.endswith(f"(compared as bytes: {reason})")


def test_damaged_files_never_fail():
    hostile.check_damaged(sound.compare, written(SAMPLES[:20].astype("<i2")), written(SAMPLES[:20], width=3))
