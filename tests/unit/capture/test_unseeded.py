"""What is said at the end of a run about randomness that nothing pins."""

from pathlib import Path

import pytest

from ledger.capture.events import Events
from ledger.capture.unseeded import warnings
from ledger.model import Entropy

ROOT = Path("/project")
SEED_IT = "another run may differ (ledger run --seed N seeds it)"


def told(*drawn, enforced=None):
    entropy = tuple(Entropy(generator=generator, where=where) for generator, where in drawn)
    return warnings(Events(entropy=entropy), enforced, ROOT)


@pytest.mark.parametrize(
    ("generator", "where", "text"),
    [
        (
            "numpy",
            "/project/train.py:12",
            "train.py:12 draws from numpy.random without a seed: " + SEED_IT,
        ),
        (
            "os.urandom",
            "/project/src/data.py:3",
            "src/data.py:3 draws from os.urandom, which no seed governs: another run may differ",
        ),
        (
            "random.Random",
            "/other/a.py:1",
            "/other/a.py:1 draws from random.Random() without a seed: another run may differ (give it one)",
        ),
        (
            "torch (seeded from the clock)",
            "/project/a.py:1",
            "a.py:1 seeds torch from the clock: another run may differ (give the program a fixed seed)",
        ),
        (
            "torch (before it was seeded)",
            "/project/a.py:9",
            (
                "something draws from torch before a.py:9 seeds it: another run may differ "
                "(seed it earlier, or ledger run --seed N)"
            ),
        ),
        (
            "random (in a forked process)",
            "/project/a.py:9",
            (
                "a.py:9 draws from random in a forked process, which Python seeds anew: another run may "
                "differ (seed it there, or ledger run --seed N)"
            ),
        ),
        (
            "numpy",
            None,
            "a library, or code without a file, draws from the global numpy.random without a seed: "
            + SEED_IT,
        ),
    ],
)
def test_the_text_names_the_line(generator, where, text):
    assert told((generator, where)) == [text]


def test_what_only_libraries_use_is_not_told():
    assert told(("random (used by libraries only)", None)) == []


def test_what_an_enforced_seed_pinned_is_not_told():
    assert told(("numpy", "/project/a.py:1"), enforced=3) == []
    (text,) = told(("random", "/project/a.py:1"), enforced=3)
    assert "--seed does not reach it" in text
    assert len(told(("uuid.uuid4", "/project/a.py:1"), enforced=3)) == 1


def test_a_place_is_told_once():
    assert len(told(("numpy", "/project/a.py:1"), ("os.urandom", "/project/a.py:1"))) == 1
    (text,) = told(("numpy", None), ("numpy", "/project/a.py:1"))
    assert text.startswith("a.py:1 ")


def test_at_most_three_lines():
    texts = told(*[("os.urandom", f"/project/a.py:{line}") for line in range(9)])
    assert len(texts) == 3
    assert texts[2].endswith("; and 6 more like these")
    assert len(told(*[("os.urandom", f"/project/a.py:{line}") for line in range(3)])) == 3
