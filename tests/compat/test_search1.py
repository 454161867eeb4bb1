"""Searches that began when there was one version of each sampler and scheduler.

They were made once, and stay as they are: ``tight``, of whose space few points are allowed, and ``asha``,
``hyperband`` and ``median``, of whose first trials one reports -inf and one NaN.
"""

import shutil
from pathlib import Path

import pytest

from ledger import workspace
from ledger.model import layout
from ledger.ops import searches
from ledger.ops.tune import verify
from ledger.tune.samplers import candidates
from ledger.tune.schedulers import base

FROZEN = Path(__file__).parent / "search1" / "ledger"
SCHEDULED = ("asha", "hyperband", "median")


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    directory = tmp_path_factory.mktemp("project") / layout.DIRECTORY
    shutil.copytree(FROZEN, directory)
    return workspace.find(directory.parent).journal


def said(journal, experiment):
    checked = verify.check(journal, experiment)
    assert (checked.searches, checked.proposals) == (1, 8)
    return [each.what for each in (*checked.findings, *checked.notices)]


@pytest.mark.parametrize("experiment", ["tight", *SCHEDULED])
def test_they_are_verified_by_the_rules_of_their_version(journal, experiment):
    search = searches.read(searches.newest(journal, experiment)[1])
    assert search.version == 1
    assert search.scheduler_version == (1 if experiment in SCHEDULED else None)
    assert said(journal, experiment) == []


def test_by_later_rules_they_would_not_hold(journal, monkeypatch):
    monkeypatch.setitem(candidates.FRESH, 1, candidates.FRESH[2])
    monkeypatch.setitem(base.COMPARABLE, 1, base.COMPARABLE[2])
    assert set(said(journal, "tight")) == {"proposal.point"}
    for experiment in SCHEDULED:
        assert "trial.decided" in said(journal, experiment)
