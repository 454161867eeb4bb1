"""A ledger that is damaged while it is shown: what is whole is shown still, and what is not is named."""

import json
import shutil

import pytest

from ledger.model import layout


@pytest.fixture
def project(project):
    project.write(train="open('out.txt', 'w').write('result')\nprint('said')")
    for name in ("first", "second"):
        project.run("python", "train.py", name=name)
    project.workspace.journal.seal()
    return project


@pytest.fixture
def asked(project, served):
    """The server, which has answered already; a function that asks it again."""
    server = served()
    first, second = (str(each.id) for each in project.trials)
    output = project.trials[0].outcome.outputs[0].digest
    paths = {
        "trials": "trials",
        "filtered": "filtered?where=status=ok",
        "trial": f"trial?ref={second}",
        "another": f"trial?ref={first[3:15]}",
        "last": "trial?ref=@",
        "journal": "journal",
        "marks": f"marks?ids={first},{second}",
        "stream": f"stream?trial={first}&name=stdout",
        "artifact": f"artifact?digest={output}",
        "live": "live",
    }
    for path in (paths[name] for name in paths if name != "another"):
        assert server.ask(f"/data/{path}").status == 200

    def ask(name):
        return server.ask(f"/data/{paths[name]}")

    return ask


def named(got):
    """What an answer that is an error says."""
    assert got.status in (404, 500)
    found = json.loads(got.body)
    assert found["error"]
    return f"{found['error']} {found['cause']} {found['hint']}"


def flipped(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.chmod(0o644)
    path.write_bytes(content)


def object_of(project, digest):
    return next(path for path in (project.ledger / "objects").rglob("*") if digest.hex()[4:] in path.name)


@pytest.mark.parametrize(
    "name", ["trials", "filtered", "trial", "marks", "journal", "live", "stream", "artifact"]
)
def test_a_damaged_index_is_made_anew(project, asked, name):
    before = asked(name)
    for path in layout.index(project.ledger).iterdir():
        if path.is_file() and path.stat().st_size:
            flipped(path, path.stat().st_size // 2)
    after = asked(name)
    assert (after.status, after.body) == (200, before.body)


def test_of_a_segment_that_was_cut_what_is_left_is_shown_and_nothing_is_invented(project, asked):
    before = asked("trial").document
    (segment,) = layout.journal(project.ledger).rglob("*.arrow")
    content = segment.read_bytes()
    segment.chmod(0o644)
    segment.write_bytes(content[:100])
    assert asked("journal").document["entries"] == []
    assert asked("journal").document["head"]["size"] == 4  # what the head has promised is not taken back
    assert asked("trial").document == before  # it was read while it was whole
    assert "no trial" in named(asked("another"))
    assert asked("artifact").document["text"] == "result"
    project.run("python", "-c", "", name="third")
    assert asked("last").document["name"] == "third"
    assert asked("live").status == 200


def test_a_missing_object_takes_nothing_else_with_it(project, asked):
    digest = project.trials[0].outcome.outputs[0].digest
    object_of(project, digest).unlink()
    assert str(digest)[3:11] in named(asked("artifact"))
    for name in ("trials", "trial", "journal", "stream", "live"):
        assert asked(name).status == 200


def test_a_damaged_object_is_not_shown_as_if_it_were_whole(project, asked):
    path = object_of(project, project.trials[0].outcome.outputs[0].digest)
    flipped(path, path.stat().st_size // 2)
    assert "damaged" in named(asked("artifact"))
    assert asked("trial").status == 200


def test_a_ledger_that_is_gone_is_said_and_one_that_is_back_is_shown(project, asked, tmp_path):
    before = asked("trial").document
    away = tmp_path / "away"
    shutil.move(project.ledger, away)
    for name in ("trials", "trial", "stream", "artifact"):
        assert asked(name).status in (200, 404, 500)
        if asked(name).status != 200:
            assert named(asked(name))
    shutil.rmtree(project.ledger, ignore_errors=True)
    shutil.move(away, project.ledger)
    assert asked("trial").document == before
