"""Outputs and lines held against each other; metrics and whole calibrations are in ``test_calibrate``."""

import json
import math

import pytest

from ledger.compare.base import Tolerance
from ledger.model import Artifact, ArtifactRole, Outcome, Status, Stream, media
from ledger.model.config import ReplayConfig
from ledger.ops.noise import noise
from ledger.store.memory import MemoryStore


@pytest.fixture
def vary():
    """Return a function of several runs, each (files, lines), that tells what varies in them."""
    store = MemoryStore()

    def outcome(files, lines):
        return Outcome(
            status=Status.OK,
            exit_code=0,
            outputs=tuple(
                Artifact(
                    role=ArtifactRole.OUTPUT,
                    path=path,
                    digest=store.put(content),
                    size=len(content),
                    mode=0o100644,
                    media_type=media.media_type(path),
                )
                for path, content in files.items()
            ),
            stdout=Stream(digest=store.put(lines), size=len(lines)),
            started=0,
            duration_s=1,
            cpu_user_s=1,
            cpu_system_s=1,
            peak_memory=1,
        )

    def varying(*runs):
        recorded, *others = [outcome(*each) for each in runs]
        return noise(store, recorded, others, ReplayConfig().timing)

    return varying


def files(*versions):
    return [(each, b"") for each in versions]


def test_what_is_the_same_does_not_vary(vary):
    assert vary(*[({"a.txt": b"a"}, b"done\n")] * 3) == ()


def test_all_that_varies_is_told_in_order(vary):
    runs = [({"b.json": b"%d" % run, "a.json": b"%d" % (9 - run)}, b"seed %d\n" % run) for run in (1, 2, 3)]
    found = vary(*runs)
    assert [(each.part, each.path) for each in found] == [
        ("outputs", "a.json"),
        ("outputs", "b.json"),
        ("streams", "stdout"),
    ]
    assert {each.differed for each in found} == {2}
    assert found[1].needed == Tolerance(atol=2)
    assert found[2].masks
    assert not any(each.refused for each in found)


def test_numbers_of_each_place_are_looked_at_by_themselves(vary):
    contents = [json.dumps({"score": 0.9 + run / 100, "bias": run * 1e-9}).encode() for run in (0, 1, -1)]
    (found,) = vary(*files(*({"r.json": each} for each in contents)))
    assert found.needed.rtol == pytest.approx(1 / 90)
    assert found.needed.atol == 1e-9


@pytest.mark.parametrize("odd", [b"NaN", b"Infinity", b"-Infinity"])
def test_what_is_no_number_in_some_runs_is_refused(vary, odd):
    (found,) = vary(*files(*({"r.json": b'{"a": %s}' % each} for each in (b"0.5", odd, b"0.25"))))
    assert found.note == "NaN or infinite in 1 of 2"
    assert "calibrate again" in found.refused
    assert found.needed == Tolerance(rtol=pytest.approx(0.5))
    assert math.isfinite(found.distance.absolute)


@pytest.mark.parametrize("versions", [({"a": b"1"}, {}), ({}, {"a": b"1"})])
def test_what_some_runs_make_is_refused(vary, versions):
    (found,) = vary(*files(*versions, versions[0]))
    assert (found.path, found.differed, found.note) == ("a", 1, "it is not always made")
    assert found.refused


def test_another_kind_of_content_is_refused_unless_it_is_so_in_all(vary):
    contents = [b'{"a": 1.0}', b'{"a": "x"}', b'{"a": null}', b'{"a": 1.25}']
    (all_other,) = vary(*files(*({"r.json": each} for each in contents[:3])))
    assert (all_other.refused, all_other.distance, all_other.masks) == (None, None, ())
    (some,) = vary(*files(*({"r.json": each} for each in (contents[0], contents[1], contents[3]))))
    assert some.refused
    assert some.needed == Tolerance(rtol=pytest.approx(0.25))
