"""git-lfs: content that was fetched is code as any other; a pointer that stands for it is said to be one."""

import os
import shutil
import subprocess

import pytest

from ledger.model import HealthState

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 9\n"


def reason(tree, **options):
    return tree.capture(**options).health.reason


class TestByHand:
    def test_pointers_are_named(self, repository):
        repository.write({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"})
        repository.write({"a.bin": POINTER, "data/b.bin": POINTER, "data/c.bin": "fetched" * 50}).commit()
        code = repository.capture()
        assert code.health.state is HealthState.PARTIAL
        assert code.health.reason == (
            "2 files are git-lfs pointers without their content: a.bin, data/b.bin (git lfs pull fetches it)"
        )
        assert repository.contents(code.tree)["a.bin"] == POINTER.encode()

    @pytest.mark.parametrize(
        ("attributes", "file"),
        [
            ("data/** filter=lfs -text\n", "data/deep/a"),
            ("# comment\n\n*.txt text\n/weights/* filter=lfs\n", "weights/a"),
            ('"*.bin" filter=lfs\n', "a.bin"),
        ],
    )
    def test_patterns(self, repository, attributes, file):
        repository.write({".gitattributes": attributes, file: POINTER}).commit()
        assert reason(repository) == (
            f"1 file is a git-lfs pointer without its content: {file} (git lfs pull fetches it)"
        )

    def test_attributes_of_a_directory_are_its_own(self, repository):
        repository.write({"data/.gitattributes": "*.bin filter=lfs\n", "a.bin": POINTER}).commit()
        assert reason(repository) is None
        repository.write({"data/a.bin": POINTER})
        assert "data/a.bin" in reason(repository)

    def test_a_directory_inside_the_repository(self, repository):
        repository.write({".gitattributes": "*.bin filter=lfs\n", "src/a.bin": POINTER}).commit()
        assert "a.bin" in reason(type(repository)(repository.root / "src"))

    def test_a_copy_without_git(self, tree):
        tree.write({".gitattributes": "*.bin filter=lfs\n", "a.bin": POINTER})
        assert "a.bin" in reason(tree, git=False)

    def test_a_submodule(self, repository, tmp_path):
        library = type(repository)(tmp_path / "library").init()
        library.write({".gitattributes": "*.bin filter=lfs\n"}).commit()
        repository.git("submodule", "--quiet", "add", f"file://{library.root}", "library")
        repository.write({"library/a.bin": POINTER})
        assert "library/a.bin" in reason(repository)

    def test_no_pointers(self, repository):
        repository.write({"about.txt": POINTER}).commit()
        assert reason(repository) is None
        repository.write({".gitattributes": "*.bin filter=lfs\n", "a.bin": "x" * 200}).commit()
        assert reason(repository) is None
        (repository.root / "b.bin").symlink_to("x" * 130)
        assert reason(repository) is None

    def test_attributes_that_are_no_file(self, repository):
        (repository.root / ".gitattributes").symlink_to("nowhere")
        assert reason(repository) is None


@pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed")
def test_for_real(tree, tmp_path):
    content = os.urandom(5000)
    tree.init()
    tree.git("lfs", "install", "--local")
    tree.git("lfs", "track", "*.bin")
    tree.write({"weights.bin": content, "train.py": "x"}).commit()
    code = tree.capture()
    assert (code.snapshot.dirty, code.health.reason) == (False, None)
    assert tree.contents(code.tree)["weights.bin"] == content

    clone = type(tree)(tmp_path / "clone")
    environment = {**os.environ, "GIT_LFS_SKIP_SMUDGE": "1"}
    subprocess.run(["git", "clone", "-q", f"file://{tree.root}", clone.root], check=True, env=environment)
    pointers = clone.capture()
    assert "weights.bin" in pointers.health.reason
    assert pointers.snapshot.tree != code.snapshot.tree

    clone.git("lfs", "install", "--local")
    clone.git("lfs", "pull")
    fetched = clone.capture()
    assert (fetched.snapshot.dirty, fetched.health.reason) == (False, None)
    assert fetched.snapshot.tree == code.snapshot.tree
