import os
import socket
import subprocess
import time

import pytest

from ledger.capture import known
from ledger.capture.code import CodeLimits
from ledger.capture.known import Known
from ledger.capture.walk import scan
from ledger.model import Digest, HealthState, Mode
from ledger.model.codec import decode
from ledger.model.manifest import Manifest
from ledger.store.local import LocalStore


def paths(manifest):
    return [entry.path for entry in manifest]


def modes(manifest):
    return {entry.path: entry.mode for entry in manifest}


class TestCommitted:
    def test_clean_tree(self, repository):
        commit = repository.git("rev-parse", "HEAD")
        code = repository.capture()
        assert code.snapshot.commit == commit
        assert code.snapshot.branch == "main"
        assert code.snapshot.dirty is False
        assert code.snapshot.remote is None
        assert code.snapshot.products is None
        assert code.health.state is HealthState.COMPLETE
        assert code.health.reason is None
        assert repository.contents(code.tree) == {"src/model.py": b"x = 1\n", "train.py": b"print(1)\n"}

    def test_manifest_is_put(self, repository):
        code = repository.capture()
        assert decode(Manifest, repository.store.get(code.snapshot.tree)) == code.tree

    def test_detached(self, repository):
        repository.git("checkout", "-q", "--detach")
        code = repository.capture()
        assert code.snapshot.branch is None
        assert code.snapshot.commit == repository.git("rev-parse", "HEAD")

    def test_no_commit_yet(self, tree):
        tree.init().write({"a": "1", "b": "2"})
        tree.git("add", "a")
        code = tree.capture()
        assert (code.snapshot.commit, code.snapshot.branch) == (None, "main")
        assert code.snapshot.dirty is True
        assert paths(code.tree) == ["a", "b"]

    def test_empty_repository(self, tree):
        code = tree.init().capture()
        assert (len(code.tree), code.snapshot.dirty) == (0, False)

    def test_linked_worktree(self, repository, tmp_path):
        linked = type(repository)(tmp_path / "linked")
        repository.git("worktree", "add", "-q", "-b", "other", str(linked.root))
        linked.write({"train.py": "changed"})
        code = linked.capture()
        assert code.snapshot.branch == "other"
        assert code.snapshot.dirty is True
        assert linked.contents(code.tree) == {"src/model.py": b"x = 1\n", "train.py": b"changed"}

    def test_directory_inside_a_repository(self, repository):
        repository.write({"src/new.py": "n", "outside.py": "o", "src/.gitignore": "*.bin", "src/a.bin": "b"})
        inner = type(repository)(repository.root / "src")
        code = inner.capture()
        assert paths(code.tree) == [".gitignore", "model.py", "new.py"]
        assert code.snapshot.commit == repository.git("rev-parse", "HEAD")
        assert code.snapshot.dirty is True
        repository.git("add", "src")
        repository.git("commit", "-qm", "x")
        assert inner.capture().snapshot.dirty is False


class TestRemote:
    @pytest.mark.parametrize(
        ("url", "recorded"),
        [
            ("https://ann:t0ken@host.org/a/b.git", "https://host.org/a/b.git"),
            ("https://t0ken@host.org/a/b.git", "https://host.org/a/b.git"),
            ("https://ann:p@ss@host.org:8443/b?private_token=x#y", "https://host.org:8443/b"),
            ("ssh://git:secret@host.org:22/b", "ssh://git@host.org:22/b"),
            ("git@host.org:a/b.git", "git@host.org:a/b.git"),
            ("/srv/git/b", "/srv/git/b"),
        ],
    )
    def test_credentials_are_left_out(self, repository, url, recorded):
        repository.git("remote", "add", "origin", url)
        assert repository.capture().snapshot.remote == recorded

    def test_upstream_goes_before_origin(self, repository):
        repository.git("remote", "add", "origin", "https://host/origin")
        repository.git("remote", "add", "fork", "https://host/fork")
        assert repository.capture().snapshot.remote == "https://host/origin"
        repository.git("update-ref", "refs/remotes/fork/main", "HEAD")
        repository.git("branch", "-q", "--set-upstream-to=fork/main")
        assert repository.capture().snapshot.remote == "https://host/fork"

    def test_no_origin(self, repository):
        repository.git("remote", "add", "fork", "https://host/fork")
        assert repository.capture().snapshot.remote == "https://host/fork"


class TestDirty:
    def test_files_as_they_lie(self, repository):
        repository.write(
            {"train.py": "print(2)\n", "new/file.py": "n", ".gitignore": "*.log\n", "a.log": "l"}
        )
        (repository.root / "src/model.py").unlink()
        code = repository.capture()
        assert code.snapshot.dirty is True
        assert repository.contents(code.tree) == {
            ".gitignore": b"*.log\n",
            "new/file.py": b"n",
            "train.py": b"print(2)\n",
        }
        assert code.health.state is HealthState.COMPLETE

    @pytest.mark.parametrize(
        "change",
        [
            lambda root: (root / "train.py").unlink(),
            lambda root: (root / "train.py").write_text("other"),
            lambda root: (root / "train.py").chmod(0o755),
            lambda root: (root / "new").write_text("new"),
            lambda root: subprocess.run(["git", "mv", "train.py", "moved.py"], cwd=root, check=True),
        ],
    )
    def test_every_change_shows(self, repository, change):
        change(repository.root)
        assert repository.capture().snapshot.dirty is True

    def test_staged_change_that_was_taken_back(self, repository):
        repository.write({"train.py": "other"})
        repository.git("add", "train.py")
        repository.write({"train.py": "print(1)\n"})
        assert repository.capture().snapshot.dirty is True

    def test_ignored_file_does_not_count(self, repository):
        repository.write({".gitignore": "*.log\n"}).commit()
        repository.write({"a.log": "l"})
        code = repository.capture()
        assert code.snapshot.dirty is False
        assert "a.log" not in paths(code.tree)

    def test_what_git_would_convert_is_taken_as_it_lies(self, repository):
        repository.git("config", "core.autocrlf", "true")
        pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
        repository.write(
            {".gitattributes": "*.bin filter=lfs -text\n", "a.bin": pointer, "crlf.txt": "a\r\nb\r\n"}
        )
        repository.commit()
        code = repository.capture()
        assert repository.contents(code.tree)["a.bin"] == pointer.encode()
        assert repository.contents(code.tree)["crlf.txt"] == b"a\r\nb\r\n"
        assert code.snapshot.dirty is False

    def test_filters_of_the_user(self, repository):
        repository.git("config", "filter.upper.clean", "tr a-z A-Z")
        repository.git("config", "filter.upper.smudge", "tr A-Z a-z")
        repository.write({".gitattributes": "*.up filter=upper\n", "a.up": "text\n"}).commit()
        assert repository.git("show", "HEAD:a.up") == "TEXT"
        code = repository.capture()
        assert repository.contents(code.tree)["a.up"] == b"text\n"
        assert code.snapshot.dirty is False
        repository.write({"a.up": "other\n"})
        assert repository.capture().snapshot.dirty is True

    @pytest.mark.parametrize("ending", ["\n", "\r\n"])
    def test_line_ends_are_taken_as_they_lie(self, repository, ending):
        repository.write({".gitattributes": "*.txt text\n", "a.txt": f"a{ending}b{ending}"}).commit()
        assert repository.git("show", "HEAD:a.txt") == "a\nb"
        code = repository.capture()
        assert repository.contents(code.tree)["a.txt"] == f"a{ending}b{ending}".encode()
        assert code.snapshot.dirty is False

    def test_intent_to_add(self, repository):
        repository.write({"new.py": "n"})
        repository.git("add", "-N", "new.py")
        code = repository.capture()
        assert code.snapshot.dirty is True
        assert repository.contents(code.tree)["new.py"] == b"n"

    @pytest.mark.parametrize("bit", ["--assume-unchanged", "--skip-worktree"])
    def test_changes_that_git_overlooks(self, repository, bit):
        repository.git("update-index", bit, "train.py")
        assert repository.capture().snapshot.dirty is False
        repository.write({"train.py": "local"})
        code = repository.capture()
        assert code.snapshot.dirty is True
        assert repository.contents(code.tree)["train.py"] == b"local"

    def test_sparse_checkout(self, repository):
        repository.write({"docs/a.md": "a"}).commit()
        repository.git("sparse-checkout", "set", "src")
        code = repository.capture()
        assert paths(code.tree) == ["src/model.py", "train.py"]
        assert code.snapshot.dirty is False

    def test_merge_conflict(self, repository):
        repository.git("checkout", "-q", "-b", "side")
        repository.write({"train.py": "side"}).commit()
        repository.git("checkout", "-q", "main")
        repository.write({"train.py": "main"}).commit()
        with pytest.raises(subprocess.CalledProcessError):
            repository.git("merge", "side")
        code = repository.capture()
        assert code.snapshot.dirty is True
        assert paths(code.tree) == ["src/model.py", "train.py"]
        assert b"<<<<<<<" in repository.contents(code.tree)["train.py"]

    def test_file_becomes_directory(self, repository):
        (repository.root / "train.py").unlink()
        repository.write({"train.py/inner": "i"})
        code = repository.capture()
        assert repository.contents(code.tree) == {"src/model.py": b"x = 1\n", "train.py/inner": b"i"}
        assert code.snapshot.dirty is True

    def test_file_becomes_empty_directory(self, repository):
        (repository.root / "train.py").unlink()
        (repository.root / "train.py").mkdir()
        code = repository.capture()
        assert paths(code.tree) == ["src/model.py"]
        assert modes(code.products) == {"train.py": Mode.DIRECTORY}
        assert code.snapshot.dirty is True

    def test_directory_becomes_file(self, repository):
        (repository.root / "src/model.py").unlink()
        (repository.root / "src").rmdir()
        repository.write({"src": "s"})
        assert repository.contents(repository.capture().tree) == {"src": b"s", "train.py": b"print(1)\n"}

    def test_directory_becomes_link(self, repository, tmp_path):
        repository.write({"src/deep/x.py": "x"}).commit()
        (repository.root / "src").rename(tmp_path / "elsewhere")
        (repository.root / "src").symlink_to("../elsewhere")
        code = repository.capture()
        assert repository.contents(code.tree) == {"src": b"../elsewhere", "train.py": b"print(1)\n"}
        assert modes(code.tree)["src"] == Mode.LINK


class TestKinds:
    @pytest.fixture(params=[True, False], ids=["git", "no git"])
    def place(self, tree, request):
        tree.is_git = request.param
        return tree.init() if request.param else tree

    def test_executable_bit(self, place):
        place.write({"a.sh": "a", "b.sh": "b"})
        (place.root / "a.sh").chmod(0o755)
        code = place.capture(git=place.is_git)
        assert modes(code.tree) == {"a.sh": Mode.EXECUTABLE, "b.sh": Mode.FILE}

    def test_executable_bits_that_mean_nothing(self, repository):
        repository.write({"run.sh": "r"})
        (repository.root / "run.sh").chmod(0o755)
        repository.commit()
        repository.git("config", "core.fileMode", "false")
        for path in ("run.sh", "train.py"):
            (repository.root / path).chmod(0o711 if path == "train.py" else 0o644)
        code = repository.capture()
        assert modes(code.tree) == {
            "run.sh": Mode.EXECUTABLE,
            "src/model.py": Mode.FILE,
            "train.py": Mode.FILE,
        }
        assert code.snapshot.dirty is False

    def test_links_are_not_followed(self, place, tmp_path):
        (tmp_path / "secret").write_text("not ours")
        (place.root / "out").symlink_to("../secret")
        (place.root / "broken").symlink_to("nowhere")
        (place.root / "loop").symlink_to("loop")
        (place.root / "directory").symlink_to("/etc")
        code = place.capture(git=place.is_git)
        assert place.contents(code.tree) == {
            "broken": b"nowhere",
            "directory": b"/etc",
            "loop": b"loop",
            "out": b"../secret",
        }
        assert set(modes(code.tree).values()) == {Mode.LINK}
        assert {entry.path: entry.size for entry in code.tree}["broken"] == 7

    def test_any_name(self, place):
        names = [
            b"a b",
            b"new\nline",
            b"tab\t",
            b"\xff\xfe",
            "ü".encode(),
            b'"quoted"',
            b"-dash",
            b"*",
            b":(top)x",
        ]
        for name in names:
            with open(os.path.join(os.fsencode(place.root), name), "wb") as file:
                file.write(name)
        code = place.capture(git=place.is_git)
        assert [entry.path.encode("utf-8", "surrogateescape") for entry in code.tree] == sorted(names)
        assert set(place.contents(code.tree).values()) == set(names)
        if place.is_git:
            place.commit()
            again = place.capture()
            assert (again.snapshot.tree, again.snapshot.dirty) == (code.snapshot.tree, False)

    def test_order_is_that_of_bytes(self, place):
        place.write({"a/b": "1", "a-b": "2", "a.b": "3", "é": "4", "z": "5", "B": "6"})
        found = paths(place.capture(git=place.is_git).tree)
        assert found == sorted(found, key=os.fsencode)

    def test_what_is_no_file(self, place):
        place.write({"tracked": "t"})
        if place.is_git:
            place.commit()
            (place.root / "tracked").unlink()
        os.mkfifo(place.root / ("tracked" if place.is_git else "pipe"))
        with socket.socket(socket.AF_UNIX) as server:
            here = os.getcwd()
            os.chdir(place.root)  # a socket's path is short
            try:
                server.bind("socket")
            finally:
                os.chdir(here)
            code = place.capture(git=place.is_git)
        assert paths(code.tree) == ([] if place.is_git else ["tracked"])
        assert code.health.state is HealthState.PARTIAL
        assert "a named pipe" in code.health.reason

    def test_empty_directories(self, place):
        place.write(
            {".gitignore": "outputs/\n", "outputs/deep/old.bin": "o" if place.is_git else b"", "a": "a"}
        )
        for path in ("empty", "nested/empty", "__pycache__", "outputs/deep/er"):
            (place.root / path).mkdir(parents=True)
        code = place.capture(git=place.is_git)
        assert {path for path, mode in modes(code.products).items() if mode == Mode.DIRECTORY} == {
            "empty",
            "nested/empty",
            "outputs/deep/er",
        }
        assert code.snapshot.dirty is place.is_git
        assert Mode.DIRECTORY not in modes(code.tree).values()

    def test_directory_of_ignored_files(self, repository):
        repository.write({".gitignore": "outputs/\n"}).commit()
        before = repository.capture()
        repository.write({"outputs/model.pt": "m"})
        code = repository.capture()
        assert modes(code.products) == {"outputs": Mode.DIRECTORY}
        assert code.snapshot.tree == before.snapshot.tree
        assert code.snapshot.dirty is False

    def test_unreadable(self, place, ordinary_user):
        place.write({"a": "a", "locked/inner": "i", "b": "b"})
        if place.is_git:
            place.commit()
        (place.root / "b").chmod(0)
        (place.root / "locked").chmod(0)
        with ordinary_user(place.root):
            code = place.capture(git=place.is_git)
        (place.root / "locked").chmod(0o755)
        assert place.contents(code.tree)["b"] == "unreadable"
        assert place.contents(code.tree)["a"] == b"a"
        assert code.health.state is HealthState.PARTIAL
        assert "b" in code.health.reason
        assert "locked" in code.health.reason


@pytest.fixture
def ordinary_user(tmp_path, monkeypatch):
    """Run a block as a user to whom permissions apply."""
    from contextlib import contextmanager

    @contextmanager
    def block(root):
        if os.geteuid() != 0:
            yield
            return
        user = 65534
        for place, directories, files in os.walk(root):
            for name in (place, *(os.path.join(place, each) for each in (*directories, *files))):
                os.chown(name, user, user, follow_symlinks=False)
        for parent in (root, *root.parents):
            if parent.stat().st_uid == 0 and parent.parent != parent:
                parent.chmod(parent.stat().st_mode | 0o055)
        monkeypatch.setenv("HOME", str(tmp_path))
        os.setegid(user)
        os.seteuid(user)
        try:
            yield
        finally:
            os.seteuid(0)
            os.setegid(0)

    return block


class TestRepositoriesInside:
    def test_submodule(self, repository, tmp_path):
        library = type(repository)(tmp_path / "library").init().write({"lib.py": "l"})
        commit = library.commit()
        repository.git("submodule", "--quiet", "add", f"file://{library.root}", "vendor/library")
        repository.commit()
        code = repository.capture()
        assert repository.contents(code.tree)["vendor/library/lib.py"] == b"l"
        (nested,) = code.snapshot.nested
        assert (nested.path, nested.commit, nested.dirty) == ("vendor/library", commit, False)
        assert nested.remote == f"file://{library.root}"
        assert code.snapshot.dirty is False
        assert not any(".git" in path.split("/") for path in paths(code.tree))

        repository.write({"vendor/library/lib.py": "changed", "vendor/library/new": "n"})
        code = repository.capture()
        assert repository.contents(code.tree)["vendor/library/lib.py"] == b"changed"
        assert repository.contents(code.tree)["vendor/library/new"] == b"n"
        assert code.snapshot.nested[0].dirty is True
        assert code.snapshot.dirty is True

    def test_submodule_at_another_commit(self, repository, tmp_path):
        library = type(repository)(tmp_path / "library").init().write({"lib.py": "l"})
        library.commit()
        repository.git("submodule", "--quiet", "add", f"file://{library.root}", "library")
        repository.commit()
        commit = repository.commit(directory="library")
        repository.git("config", "submodule.library.ignore", "all")
        code = repository.capture()
        assert (code.snapshot.nested[0].commit, code.snapshot.nested[0].dirty) == (commit, False)
        assert code.snapshot.dirty is True

    def test_submodule_that_is_not_checked_out(self, repository, tmp_path):
        library = type(repository)(tmp_path / "library").init().write({"lib.py": "l"})
        library.commit()
        repository.git("submodule", "--quiet", "add", f"file://{library.root}", "library")
        repository.commit()
        repository.git("submodule", "--quiet", "deinit", "-f", "library")
        code = repository.capture()
        assert paths(code.tree) == [".gitmodules", "src/model.py", "train.py"]
        assert modes(code.products) == {"library": Mode.DIRECTORY}
        assert (code.snapshot.nested, code.snapshot.dirty) == ((), False)
        assert code.health.reason == "submodules that are not checked out: library"

    def test_clone_that_lies_inside(self, repository):
        repository.init("clone").write({"clone/.gitignore": "*.log", "clone/a.py": "a", "clone/a.log": "l"})
        commit = repository.commit("clone")
        repository.init("clone/deeper").write({"clone/deeper/b.py": "b"})
        code = repository.capture()
        assert [path for path in paths(code.tree) if path.startswith("clone/")] == [
            "clone/.gitignore",
            "clone/a.py",
            "clone/deeper/b.py",
        ]
        assert [(each.path, each.commit, each.dirty) for each in code.snapshot.nested] == [
            ("clone", commit, True),
            ("clone/deeper", None, True),
        ]
        assert code.snapshot.dirty is True

    def test_submodules_in_a_submodule(self, repository, tmp_path):
        inner = type(repository)(tmp_path / "inner").init().write({"inner.py": "i"})
        inner.commit()
        middle = type(repository)(tmp_path / "middle").init().write({"middle.py": "m"})
        middle.git("submodule", "--quiet", "add", f"file://{inner.root}", "inner")
        middle.commit()
        repository.git("submodule", "--quiet", "add", f"file://{middle.root}", "middle")
        repository.commit()
        code = repository.capture()
        assert code.health.reason == "submodules that are not checked out: middle/inner"
        repository.git("submodule", "--quiet", "update", "--init", "--recursive")
        code = repository.capture()
        assert repository.contents(code.tree)["middle/inner/inner.py"] == b"i"
        assert [(each.path, each.dirty) for each in code.snapshot.nested] == [
            ("middle", False),
            ("middle/inner", False),
        ]
        assert (code.snapshot.dirty, code.health.reason) == (False, None)
        repository.write({"middle/inner/inner.py": "changed"})
        code = repository.capture()
        assert [each.dirty for each in code.snapshot.nested] == [True, True]
        assert code.snapshot.dirty is True
        assert repository.contents(code.tree)["middle/inner/inner.py"] == b"changed"

    def test_clone_in_an_ignored_directory(self, repository):
        repository.write({".gitignore": "vendor/\n"}).commit()
        repository.init("vendor/clone").write({"vendor/clone/a.py": "a"}).commit("vendor/clone")
        code = repository.capture()
        assert paths(code.tree) == [".gitignore", "src/model.py", "train.py"]
        assert (code.snapshot.nested, code.snapshot.dirty) == ((), False)

    def test_broken_clone_inside(self, repository):
        repository.init("clone").write({"clone/a.py": "a"}).commit("clone")
        (repository.root / "clone/.git/HEAD").write_text("nonsense")
        code = repository.capture()
        assert repository.contents(code.tree)["clone/a.py"] == b"a"

    def test_submodule_without_its_repository(self, repository, tmp_path):
        library = type(repository)(tmp_path / "library").init().write({"lib.py": "l"})
        library.commit()
        repository.git("submodule", "--quiet", "add", f"file://{library.root}", "library")
        repository.commit()
        (repository.root / "library/.git").write_text("gitdir: nowhere\n")
        code = repository.capture()
        if code.snapshot.commit:  # git's status may refuse the whole
            assert code.snapshot.nested == ()
        assert repository.contents(code.tree)["library/lib.py"] == b"l"
        assert code.health.state is HealthState.PARTIAL

    def test_clone_inside_an_environment(self, repository):
        repository.write({"env/pyvenv.cfg": "home = /usr", "env/lib/x.py": "x"})
        repository.init("env/src/package").write({"env/src/package/a.py": "a"}).commit("env/src/package")
        code = repository.capture()
        assert paths(code.tree) == ["src/model.py", "train.py"]
        assert (code.snapshot.nested, code.snapshot.dirty) == ((), False)


class TestNothingIsTouched:
    def test_index_and_files(self, repository):
        time.sleep(0.01)
        os.utime(repository.root / "train.py")  # git would refresh its index for this
        repository.git("config", "core.fsmonitor", "true")
        repository.git("config", "core.untrackedCache", "true")
        hook = repository.root / ".git/hooks/post-index-change"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {repository.root}/hooked\n")
        hook.chmod(0o755)

        def everything():
            return {
                path: (path.read_bytes() if path.is_file() else None, path.lstat().st_mtime_ns)
                for path in sorted(repository.root.rglob("*"))
            }

        before = everything()
        assert repository.capture().health.state is HealthState.COMPLETE
        assert everything() == before

    def test_monitor_hook_is_not_run(self, repository, tmp_path):
        hook = tmp_path / "monitor"
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        hook.chmod(0o755)
        repository.git("config", "core.fsmonitor", str(hook))
        repository.capture()
        assert not (tmp_path / "ran").exists()

    def test_variables_of_the_user_lead_nowhere_else(self, repository, tmp_path, monkeypatch):
        other = type(repository)(tmp_path / "other").init().write({"other.py": "o"})
        other.commit()
        monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
        monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
        monkeypatch.setenv("GIT_INDEX_FILE", str(other.root / ".git/index"))
        monkeypatch.setenv("GIT_TRACE", "1")
        monkeypatch.setenv("LANG", "de_DE.UTF-8")
        code = repository.capture()
        assert paths(code.tree) == ["src/model.py", "train.py"]
        assert code.health.state is HealthState.COMPLETE

    def test_settings_of_the_user_change_nothing(self, repository, tmp_path, monkeypatch):
        settings = tmp_path / "gitconfig"
        settings.write_text(
            "[status]\n\tshowUntrackedFiles = no\n\trelativePaths = true\n\tshort = true\n"
            "[color]\n\tui = always\n[column]\n\tui = always\n[diff]\n\tignoreSubmodules = all\n"
            "[core]\n\tquotePath = true\n"
        )
        repository.write({"new.py": "n"})
        expected = repository.capture()
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
        assert repository.capture() == expected


class TestWithoutGitsHelp:
    def test_missing(self, repository, monkeypatch, tmp_path):
        monkeypatch.setenv("PATH", str(tmp_path))
        code = repository.capture()
        assert paths(code.tree) == ["src/model.py", "train.py"]
        assert code.snapshot.commit is None
        assert code.health.state is HealthState.PARTIAL
        assert "git is not installed" in code.health.reason

    def test_broken_repository(self, repository):
        (repository.root / ".git/HEAD").write_text("nonsense")
        code = repository.capture()
        assert paths(code.tree) == ["src/model.py", "train.py"]
        assert code.health.state is HealthState.PARTIAL
        assert "not a git repository" in code.health.reason

    def test_broken_repository_inside_another(self, repository):
        repository.write({"inner/a": "a"})
        (repository.root / "inner/.git").mkdir()
        inner = type(repository)(repository.root / "inner")
        code = inner.capture()
        assert paths(code.tree) == ["a"]
        assert code.snapshot.commit is None
        assert code.health.state is HealthState.PARTIAL

    def test_damaged_index(self, repository):
        (repository.root / ".git/index").write_bytes(b"DIRC nonsense")
        code = repository.capture()
        assert paths(code.tree) == ["src/model.py", "train.py"]
        assert "index" in code.health.reason

    @pytest.mark.skipif(os.geteuid() != 0, reason="needs another owner")
    def test_another_owner(self, repository, monkeypatch, tmp_path):
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        os.chown(repository.root, 65534, 65534)
        code = repository.capture()
        assert paths(code.tree) == ["src/model.py", "train.py"]
        assert "dubious ownership" in code.health.reason
        allowed = tmp_path / "gitconfig"
        allowed.write_text(f"[safe]\n\tdirectory = {repository.root}\n")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(allowed))
        assert repository.capture().snapshot.commit

    def test_no_directory(self, tree):
        tree.root.rmdir()
        for git in (True, False):
            assert tree.capture(git=git).health.state is HealthState.ABSENT

    def test_plain_directory(self, tree):
        tree.write(
            {
                "train.py": "t",
                "env/pyvenv.cfg": "home",
                "env/bin/python": "p",
                "node_modules/x/index.js": "j",
                "__pycache__/train.pyc": "c",
                ".ledger/format": "1",
                "deep/.ledger/format": "1",
                "conda/conda-meta/history": "h",
            }
        )
        code = tree.capture(git=False)
        assert paths(code.tree) == ["train.py"]
        assert (code.snapshot.dirty, code.snapshot.commit) == (False, None)
        assert code.health.state is HealthState.COMPLETE

    def test_ledger_of_another_name(self, tree, tmp_path):
        tree.write({"a": "a", "records/journal/x": "x"})
        (tmp_path / "link").symlink_to(tree.root)
        code = tree.capture(git=False, skip=frozenset({tmp_path / "link/records"}))
        assert paths(code.tree) == ["a"]
        assert len(code.products) == 0

    def test_too_many_files(self, tree):
        tree.write(
            {f"data/{number}.png": "x" for number in range(20)} | {"src/deep/a.py": "a", "top.bin": "b"}
        )
        code = tree.capture(git=False, limits=CodeLimits(max_files=4))
        assert paths(code.tree) == ["data/0.png", "data/1.png", "src/deep/a.py", "top.bin"]
        assert code.health.state is HealthState.PARTIAL
        assert "18 files past 4 files" in code.health.reason

    def test_too_many_bytes(self, tree):
        tree.write({"a.bin": b"1" * 60, "b.bin": b"2" * 60, "c.bin": b"3" * 40})
        code = tree.capture(git=False, limits=CodeLimits(max_bytes=100))
        assert paths(code.tree) == ["a.bin", "c.bin"]
        assert "b.bin" in code.health.reason

    def test_large_files_take_no_room(self, tree):
        tree.write({"a.bin": b"1" * 60, "b.bin": b"2" * 30})
        code = tree.capture(git=False, limits=CodeLimits(max_bytes=50, max_untracked_bytes=40))
        assert tree.contents(code.tree) == {"a.bin": "size", "b.bin": b"2" * 30}


class TestLimits:
    @pytest.mark.parametrize("git", [True, False])
    def test_large_untracked_file(self, repository, git):
        repository.write({"large.bin": b"l" * 101, "small.bin": b"s" * 100})
        code = repository.capture(git=git, limits=CodeLimits(max_untracked_bytes=100))
        entry = next(entry for entry in code.tree if entry.path == "large.bin")
        assert (entry.digest, entry.size, entry.omitted) == (Digest.of(b"l" * 101), 101, "size")
        assert not repository.store.has(entry.digest)
        assert code.health.state is HealthState.PARTIAL
        assert "large.bin" in code.health.reason
        assert "small.bin" not in code.health.reason

    def test_large_tracked_file_is_code(self, repository):
        repository.write({"large.bin": b"l" * 101}).commit()
        code = repository.capture(limits=CodeLimits(max_untracked_bytes=100))
        assert repository.contents(code.tree)["large.bin"] == b"l" * 101
        assert code.health.state is HealthState.COMPLETE

    def test_large_file_that_is_stored_already(self, repository):
        repository.write({"large.bin": b"l" * 101})
        repository.store.put(b"l" * 101)
        code = repository.capture(limits=CodeLimits(max_untracked_bytes=100))
        assert repository.contents(code.tree)["large.bin"] == b"l" * 101
        assert code.health.state is HealthState.COMPLETE

    @pytest.mark.parametrize("git", [True, False])
    def test_credentials(self, repository, git):
        repository.write({".env": "TOKEN=t0ken", "keys/id_rsa": "k"})
        code = repository.capture(git=git)
        found = {entry.path: entry for entry in code.tree}
        assert (found[".env"].digest, found[".env"].omitted) == (None, "credentials")
        assert found["keys/id_rsa"].omitted == "credentials"
        assert not repository.store.has(Digest.of(b"TOKEN=t0ken"))
        assert code.health.state is HealthState.PARTIAL
        assert ".env" in code.health.reason

    def test_tracked_credentials_are_code(self, repository):
        repository.write({"test.pem": "k"}).commit()
        assert repository.contents(repository.capture().tree)["test.pem"] == b"k"

    def test_only_some_paths(self, repository):
        repository.write({"src/new.py": "n", "docs/a.md": "d", "srcs/x.py": "x"})
        for git in (True, False):
            code = repository.capture(git=git, limits=CodeLimits(paths=("src", "train.py", "nowhere")))
            assert paths(code.tree) == ["src/model.py", "src/new.py", "train.py"]

    def test_paths_are_no_patterns(self, repository):
        repository.write({"[a]/x": "x", "a/x": "x"})
        code = repository.capture(limits=CodeLimits(paths=("[a]", "*")))
        assert paths(code.tree) == ["[a]/x"]

    def test_ledger_that_was_added_to_git(self, repository):
        repository.write({".ledger/format": "1"})
        repository.git("add", "-f", ".ledger/format")
        code = repository.capture()
        assert paths(code.tree) == ["src/model.py", "train.py"]
        assert code.snapshot.dirty is False


class TestProducts:
    def products(self, **contents):
        made = {(path, Digest.of(content)) for path, content in contents.items()}
        return {
            "is_product": lambda path, digest: (path, digest) in made,
            "was_output": lambda path: path in contents,
        }

    @pytest.mark.parametrize("prefiltered", [True, False])
    @pytest.mark.parametrize("git", [True, False])
    def test_untracked_product(self, repository, git, prefiltered):
        before = repository.capture(git=git)
        repository.write({"model": b"m"})
        options = self.products(model=b"m")
        if not prefiltered:
            del options["was_output"]
        code = repository.capture(git=git, **options)
        assert code.snapshot.tree == before.snapshot.tree
        assert code.snapshot.dirty is False
        assert repository.contents(code.products) == {"model": b"m"}
        assert decode(Manifest, repository.store.get(code.snapshot.products)) == code.products

    def test_changed_product_is_code(self, repository):
        repository.write({"model": b"other"})
        code = repository.capture(**self.products(model=b"m"))
        assert "model" in paths(code.tree)
        assert code.snapshot.dirty is True
        assert code.snapshot.products is None

    def test_tracked_product(self, repository):
        repository.write({"metrics": b"1"}).commit()
        repository.write({"metrics": b"2"})
        code = repository.capture(**self.products(metrics=b"2"))
        assert "metrics" not in paths(code.tree)
        assert code.snapshot.dirty is False

    def test_tracked_product_in_a_directory_inside(self, repository):
        repository.write({"src/metrics": b"1"}).commit()
        repository.write({"src/metrics": b"2"})
        code = type(repository)(repository.root / "src").capture(**self.products(metrics=b"2"))
        assert paths(code.products) == ["metrics"]
        assert code.snapshot.dirty is False

    def test_directory_of_products(self, repository):
        repository.write({"out/model": b"m"})
        code = repository.capture(**self.products(**{"out/model": b"m"}))
        assert paths(code.products) == ["out/model"]

    def test_product_link(self, repository):
        (repository.root / "latest").symlink_to("runs/1")
        code = repository.capture(**self.products(latest=b"runs/1"))
        assert modes(code.products) == {"latest": Mode.LINK}
        assert code.snapshot.dirty is False

    def test_ignored_product(self, repository):
        repository.write({".gitignore": "*.pt\n"}).commit()
        repository.write({"a.pt": b"a", "b.pt": b"b", "c.pt": b"changed"})
        options = self.products(**{"a.pt": b"a", "c.pt": b"c"})
        code = repository.capture(**options)
        assert repository.contents(code.products) == {"a.pt": b"a"}
        assert not repository.store.has(Digest.of(b"changed"))
        assert not repository.store.has(Digest.of(b"b"))

    def test_large_product(self, repository):
        repository.write({"model": b"m" * 200})
        options = self.products(model=b"m" * 200) | {"limits": CodeLimits(max_untracked_bytes=100)}
        code = repository.capture(**options)
        assert repository.contents(code.products) == {"model": "size"}
        assert code.health.state is HealthState.PARTIAL
        repository.store.put(b"m" * 200)
        code = repository.capture(**options)
        assert repository.contents(code.products) == {"model": b"m" * 200}
        assert code.health.state is HealthState.COMPLETE

    def test_products_take_no_room(self, tree):
        tree.write({"a.bin": b"a", "b.bin": b"b"})
        code = tree.capture(git=False, limits=CodeLimits(max_files=1), **self.products(**{"a.bin": b"a"}))
        assert paths(code.tree) == ["b.bin"]
        assert code.health.state is HealthState.COMPLETE

    def test_only_the_product_is_left_aside(self, repository):
        repository.write({"model": b"m", "train.py": "changed"})
        assert repository.capture(**self.products(model=b"m")).snapshot.dirty is True


class TestStability:
    def test_same_tree_same_digest(self, repository):
        first, second = repository.capture(), repository.capture()
        assert first == second

    def test_scan_of_the_caller(self, repository):
        found = scan(repository.root)
        repository.write({"late.py": "l"})
        code = repository.capture(found=found)
        assert repository.contents(code.tree)["late.py"] == b"l"

    def test_file_that_vanishes(self, repository):
        repository.write({"gone.py": "g"})
        found = scan(repository.root)
        (repository.root / "gone.py").unlink()
        for git in (True, False):
            assert paths(repository.capture(git=git, found=found).tree) == ["src/model.py", "train.py"]

    def test_file_that_becomes_a_directory_meanwhile(self, repository):
        found = scan(repository.root)
        (repository.root / "train.py").unlink()
        repository.write({"train.py/inner": "i"})
        code = repository.capture(found=found)
        assert repository.contents(code.tree) == {"src/model.py": b"x = 1\n", "train.py": "unreadable"}
        assert code.health.state is HealthState.PARTIAL

    def test_file_that_changes(self, repository):
        found = scan(repository.root)
        repository.write({"train.py": "changed since"})
        code = repository.capture(found=found)
        entry = next(entry for entry in code.tree if entry.path == "train.py")
        assert (entry.digest, entry.size) == (Digest.of(b"changed since"), 13)
        assert code.health.state is HealthState.PARTIAL
        assert "changed while they were recorded: train.py" in code.health.reason

    @pytest.fixture(autouse=True)
    def short_margin(self, monkeypatch):
        monkeypatch.setattr(known, "_MARGIN", 10_000_000)

    def test_known_files_are_not_read(self, repository, tmp_path):
        store = LocalStore(tmp_path / "objects", tmp_path / "temporary")
        repository.store = store
        time.sleep(0.05)
        digests = Known.load(tmp_path, repository.root)
        first = repository.capture(known=digests)
        store.flush()
        digests.save()

        class Reader:
            put, has, present = store.put, store.has, store.present

            def put_file(self, path):
                raise AssertionError(f"{path} was read")

        repository.store = Reader()
        assert repository.capture(known=Known.load(tmp_path, repository.root)) == first

    def test_known_file_whose_object_is_gone(self, repository, tmp_path):
        time.sleep(0.05)
        digests = Known.load(tmp_path, repository.root)
        first = repository.capture(known=digests)
        repository.store = type(repository.store)()
        assert repository.capture(known=digests) == first
        assert repository.contents(first.tree)["train.py"] == b"print(1)\n"
