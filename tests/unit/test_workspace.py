import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger import workspace
from ledger.errors import NewerFormatError, NotFoundError, StorageError, UsageError


def test_it_is_made_once_in_the_directory_without_git(ledger_environment, tmp_path):
    place = tmp_path / "project"
    place.mkdir()
    made, new = workspace.find_or_make(place)
    assert new
    assert (made.root, made.git, made.directory) == (place, False, place / ".ledger")
    assert (place / ".ledger" / "format").read_text() == "1\n"
    assert (place / ".ledger" / ".gitignore").read_text() == "*\n"
    again, new = workspace.find_or_make(place)
    assert not new
    assert again.directory == made.directory
    assert workspace.find(place).root == place


def test_it_is_found_upwards(ledger_environment, tmp_path):
    workspace.find_or_make(tmp_path)
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    found = workspace.find(inside)
    assert (found.root, found.directory) == (tmp_path, tmp_path / ".ledger")


def test_it_is_made_at_the_top_of_the_git_tree(git_repository):
    repository = git_repository({"a/b/c": "x"})
    made, _ = workspace.find_or_make(repository.path / "a" / "b")
    assert (made.root, made.git, made.directory) == (repository.path, True, repository.path / ".ledger")
    assert repository.git("status", "--porcelain") == ""


def test_a_linked_tree_shares_the_main_ones(git_repository, tmp_path):
    repository = git_repository({"a": "x"})
    repository.git("worktree", "add", "-q", str(tmp_path / "linked"))
    made, _ = workspace.find_or_make(tmp_path / "linked")
    assert (made.root, made.directory) == (tmp_path / "linked", repository.path / ".ledger")
    assert workspace.find(repository.path).root == repository.path


def test_a_submodule_is_a_tree_of_its_own(git_repository):
    inner = git_repository({"x": "1"}, name="inner")
    outer = git_repository({"y": "1"}, name="outer")
    outer.git("submodule", "add", "-q", str(inner.path), "sub")
    made, _ = workspace.find_or_make(outer.path / "sub")
    assert made.root == outer.path / "sub"


@pytest.mark.parametrize("place", ["/", "home"])
def test_the_whole_machine_or_home_is_refused(ledger_environment, place):
    start = Path("/") if place == "/" else ledger_environment
    with pytest.raises(UsageError, match="refused") as raised:
        workspace.find_or_make(start)
    assert raised.value.hint
    assert not (start / ".ledger").exists()


def test_none_is_said_with_what_to_do(ledger_environment, tmp_path):
    with pytest.raises(NotFoundError, match="no ledger") as raised:
        workspace.find(tmp_path)
    assert "ledger init" in raised.value.hint


def test_none_where_one_is_named_is_said_of_that_place(ledger_environment, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    workspace.find_or_make(project)
    with pytest.raises(NotFoundError, match=f"no ledger in {tmp_path / 'other'}\n") as raised:
        workspace.find(project, str(tmp_path / "other"))
    assert raised.value.hint == f"make one there: ledger --ledger {tmp_path / 'other'} init"
    with pytest.raises(NotFoundError) as raised:
        workspace.find(tmp_path, str(project))
    assert raised.value.hint == f"there is one inside of it: --ledger {project / '.ledger'}"


def test_a_later_format_is_refused(ledger_environment, tmp_path):
    workspace.find_or_make(tmp_path)
    (tmp_path / ".ledger" / "format").write_text("3\n")
    with pytest.raises(NewerFormatError):
        workspace.find(tmp_path)


def test_an_explicit_one(ledger_environment, tmp_path):
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    project.mkdir()
    made, new = workspace.find_or_make(project, str(elsewhere))
    assert new
    assert (made.root, made.directory) == (project, elsewhere)
    nested = project / "a"
    nested.mkdir()
    inside, _ = workspace.find_or_make(nested, str(project / ".ledger"))
    assert inside.root == project


def test_a_place_that_cannot_be_written_is_explained(ledger_environment, tmp_path):
    (tmp_path / ".ledger").write_text("")
    with pytest.raises(StorageError):
        workspace.find_or_make(tmp_path)


def test_the_nearest_configuration_wins(ledger_environment, tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    workspace.find_or_make(tmp_path)
    assert workspace.find(inside).config.replay.rtol == 0
    (tmp_path / "pyproject.toml").write_text("[tool.ledger.replay]\nrtol = 0.1\n")
    assert workspace.find(inside).config.replay.rtol == 0.1
    (inside / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert workspace.find(inside).config.replay.rtol == 0.1
    (inside / "ledger.toml").write_text("[replay]\nrtol = 0.2\n")
    assert workspace.find(inside).config.replay.rtol == 0.2
    assert workspace.find(tmp_path).config.replay.rtol == 0.1


@pytest.mark.parametrize("text", ["[replay\n", "[replay]\nrtlo = 1\n", "\ud800"])
def test_a_bad_configuration_is_named(ledger_environment, tmp_path, text):
    workspace.find_or_make(tmp_path)
    (tmp_path / "ledger.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(UsageError, match=r"ledger\.toml"):
        workspace.find(tmp_path)


def test_a_configuration_in_a_bad_project_file_is_named(ledger_environment, tmp_path):
    workspace.find_or_make(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.ledger]\nreplay = 3\n")
    with pytest.raises(UsageError, match=r"pyproject\.toml"):
        workspace.find(tmp_path)


def test_many_who_make_it_at_once_all_get_it(ledger_environment, tmp_path):
    code = "from pathlib import Path; from ledger import workspace; workspace.find_or_make(Path.cwd())"
    words = [sys.executable, "-c", code]
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    makers = [subprocess.Popen(words, cwd=tmp_path, env=variables, stderr=subprocess.PIPE) for _ in range(6)]
    for maker in makers:
        _, errors = maker.communicate(timeout=60)
        assert maker.returncode == 0, errors.decode()


def test_a_directory_that_has_git_but_unreadable_marker(ledger_environment, tmp_path):
    (tmp_path / ".git").write_bytes(b"\xff\xfe no marker")
    made, _ = workspace.find_or_make(tmp_path)
    assert made.root == tmp_path


def test_the_cache_follows_the_users_setting(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert workspace.cache_directory() == tmp_path / "ledger"
    for none in ("", "cache", "./cache"):
        monkeypatch.setenv("XDG_CACHE_HOME", none)
        assert workspace.cache_directory() == Path.home() / ".cache" / "ledger"


def test_the_format_is_raised_by_the_first_pack(ledger_environment, tmp_path):
    place, _ = workspace.find_or_make(tmp_path)
    place.store.put(b"one")
    place.store.flush()
    format_file = tmp_path / ".ledger" / "format"
    assert format_file.read_text() == "1\n", "a release that knows no packs can still read it"
    for number in range(100):
        place.store.put(b"%d" % number)
    place.store.flush()
    assert format_file.read_text() == "2\n"
    assert len(list(workspace.find(tmp_path).store.digests())) == 101


@pytest.mark.parametrize(("large", "loose"), [("chunk", 0), ("whole", 1)])
def test_large_files_are_stored_as_configured(ledger_environment, tmp_path, large, loose):
    (tmp_path / "ledger.toml").write_text(f"[store]\nlarge = {large!r}\n")
    (tmp_path / "file").write_bytes(os.urandom(5 << 20))
    place, _ = workspace.find_or_make(tmp_path)
    place.store.put_file(tmp_path / "file")
    place.store.flush()
    assert len(list((tmp_path / ".ledger" / "objects").glob("??/*"))) == loose
