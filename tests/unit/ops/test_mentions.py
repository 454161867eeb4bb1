"""What entries mention, against what their trials refer to."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.journal import copying
from ledger.model import Manifest, layout
from ledger.ops import mentions, query, reach
from tests import shared


def mentioned(workspace):
    """Digest → whether it is a list, and the most that it may be, of all that the log's entries name."""
    found = {}
    journal = workspace.journal
    log = layout.log(workspace.directory, journal.origin)
    for each in mentions.of_entries(row.body for row in copying.rows(log, 0, copying.durable(log).size)):
        assert each.digest not in found
        found[each.digest] = each
    return found


def referred(workspace):
    trials = query.load(workspace.journal)
    references = [
        each for trial in trials for each in reach.of_trial(trial, trials.receipts.get(trial.id, ()))
    ]
    return {each.digest: each.kind is Manifest for each in references}


def test_a_small_trial(tmp_path):
    ledger = shared.Shared(tmp_path)
    ledger.trial("first")
    assert {digest: each.manifest for digest, each in mentioned(ledger.workspace).items()} == referred(
        ledger.workspace
    )


def test_real_trials_replayed_and_lost_with_series_products_and_directories(git_project):
    git_project.write(
        train="""
        import os, sys, ledger
        for step in range(50):
            ledger.log(loss=1 / (step + 1), step=step)
        print(sys.stdin.read())
        os.makedirs("many", exist_ok=True)
        for number in range(1200):
            open(f"many/{number}", "w").write(str(number))
        """
    )
    git_project.run("python", "train.py", name="first", inputs=["train.py"])
    git_project.replay()
    git_project.run("python", "train.py", "again")
    workspace = git_project.workspace
    found = mentioned(workspace)
    assert {digest: each.manifest for digest, each in found.items()} == referred(workspace)
    for digest, each in found.items():
        assert workspace.store.size(digest) <= each.most
        if each.manifest:
            for inner in mentions.of_manifest(workspace.store.get(digest)):
                assert workspace.store.size(inner.digest) <= inner.most


@pytest.mark.parametrize("kind", ["trial.started", "trial.finished", "note", "of.a.later.release"])
@given(
    data=st.recursive(
        st.none() | st.integers() | st.text(max_size=5) | st.binary(max_size=40),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["code", "inputs", "outcome", "digest", "tree", "intent", "stdin", "mode", "metrics"]
                ),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_whatever_an_entry_holds_is_no_error(kind, data):
    body = cbor2.dumps({"v": 1, "kind": kind, "data": data}, canonical=True)
    assert all(len(each.digest) == 32 for each in mentions.of_entries([body]))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_entry_mention_nothing(body):
    assert list(mentions.of_entries([body])) == []
