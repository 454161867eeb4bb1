"""What a trial of somebody else may not do by being looked at, checked out, or begun to be made again."""

import os

import pytest

from ledger import workspace as workspaces
from ledger.errors import FormatError, IncomparableError, LedgerError
from ledger.model import (
    Artifact,
    ArtifactRole,
    Manifest,
    ManifestEntry,
    Mode,
    TrialFinished,
    Verdict,
    layout,
)
from ledger.model.frozen import replace
from ledger.ops import query, replay_inputs
from ledger.ops.checkout import checkout
from ledger.ops.scratch import restore


@pytest.fixture
def made(project):
    """A trial that has read a file, and its workspace, in which a bundle was opened."""
    (project.path / "data.csv").write_text("1,2")
    project.write(train="open('out.txt', 'w').write(open('data.csv').read())")
    project.run("python", "train.py")
    layout.proven(project.ledger).mkdir()
    return project


@pytest.fixture
def outside(tmp_path):
    """A directory of the user, which nobody has any business in."""
    path = tmp_path / "outside"
    path.mkdir()
    return path


def with_inputs(project, **files):
    """The last trial, as somebody records it who wants these inputs to be written."""
    store = project.workspace.store
    inputs = tuple(
        Artifact(
            role=ArtifactRole.INPUT,
            path=path,
            digest=store.put(content),
            size=len(content),
            mode=mode,
            media_type="text/plain",
        )
        for path, (mode, content) in files.items()
    )
    store.flush()
    return replace(project.last, inputs=inputs)


def provide(project, trial, tree, place):
    return replay_inputs.provide(workspaces.find(project.path), trial, tree, place, {})


@pytest.fixture
def tree(tmp_path):
    path = tmp_path / "scratch" / "tree"
    path.mkdir(parents=True)
    return path


def look(path):
    return sorted(each.relative_to(path) for each in path.rglob("*"))


@pytest.mark.parametrize("path", ["../../outside/evil", "../evil", "a/../../../outside/evil"])
def test_an_input_leads_nowhere_else(made, outside, tree, tmp_path, path):
    before = look(tmp_path)
    trial = with_inputs(made, **{path: (Mode.FILE, b"evil")})
    with pytest.raises(IncomparableError, match="leaves its root"):
        provide(made, trial, tree, tmp_path / "copies")
    assert [each for each in look(tmp_path) if each not in before and ".ledger" not in each.parts] == []


@pytest.mark.parametrize("absolute", [True, False])
def test_nothing_is_written_through_a_link(made, outside, tree, tmp_path, absolute):
    target = str(outside) if absolute else os.path.relpath(outside, made.path)
    trial = with_inputs(made, **{"link": (Mode.LINK, os.fsencode(target)), "link/evil": (Mode.FILE, b"evil")})
    with pytest.raises(IncomparableError):
        provide(made, trial, tree, tmp_path / "copies")
    assert look(outside) == []


def test_links_in_a_circle_end(made, tree, tmp_path):
    trial = with_inputs(made, **{"a": (Mode.LINK, b"a"), "a/evil": (Mode.FILE, b"evil")})
    with pytest.raises(IncomparableError) as caught:
        provide(made, trial, tree, tmp_path / "copies")
    assert "links" in caught.value.cause


def test_a_file_that_looks_like_credentials_is_not_lent(made, tree, tmp_path):
    (made.path / ".env").write_text("API_KEY=mine")
    secret = Artifact(
        role=ArtifactRole.INPUT,
        path=".env",
        digest=None,
        size=12,
        mode=Mode.FILE,
        media_type="text/plain",
        omitted="credentials",
    )
    trial = replace(made.last, inputs=(secret,))
    provide(made, trial, tree, tmp_path / "copies")
    assert look(tree) == []
    layout.proven(made.ledger).rmdir()
    provide(made, trial, tree, tmp_path / "copies")
    assert (tree / ".env").read_text() == "API_KEY=mine"


def test_an_output_leads_nowhere_else(made, outside, tmp_path):
    (finished,) = (
        each.entry.payload
        for each in made.workspace.journal.entries()
        if isinstance(each.entry.payload, TrialFinished)
    )
    evil = replace(finished.outcome.outputs[0], path="../outside/evil")
    trial = replace(made.last, outcome=replace(finished.outcome, outputs=(evil,)))
    with pytest.raises(FormatError, match="leaves its root"):
        checkout(trial, tmp_path / "to" / "here", made.workspace.store)
    assert look(outside) == []


@pytest.mark.parametrize("force", [False, True])
def test_a_check_out_does_not_follow_links(made, outside, tmp_path, force):
    """One trial's link to elsewhere is no directory to the next one's files."""
    store = made.workspace.store
    target, content = store.put(os.fsencode(outside)), store.put(b"evil")
    link = Manifest.of([ManifestEntry(path="a", mode=Mode.LINK, size=1, digest=target)])
    file = Manifest.of([ManifestEntry(path="a/evil", mode=Mode.FILE, size=4, digest=content)])
    from ledger.model.codec import encode

    trees = [store.put(encode(each)) for each in (link, file)]
    store.flush()
    trial = made.last
    first, second = (
        replace(trial, code=(replace(trial.code[0], tree=each, products=None),)) for each in trees
    )
    to = tmp_path / "to"
    checkout(first, to, store, parts=["code"])
    assert (to / "a").is_symlink()
    with pytest.raises(LedgerError, match=r"overwritten|in the way"):
        checkout(second, to, store, parts=["code"], force=force)
    with pytest.raises(LedgerError, match="overwritten"):
        restore(store, trees, tmp_path / "both")
    assert look(outside) == []


def test_the_scratch_directory_is_all_that_a_replay_writes(made, outside, tmp_path):
    """A hostile record that got into a ledger in some other way is refused, too."""
    trial = with_inputs(made, **{"../../outside/evil": (Mode.FILE, b"evil")})
    receipt = made.replay(trial)
    assert receipt.verdict is Verdict.INCOMPARABLE
    assert look(outside) == []
    assert query.load(made.workspace.journal).receipts[trial.id]
