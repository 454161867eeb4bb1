import os
import subprocess
from pathlib import Path

import pytest

from ledger.capture.code import capture
from ledger.store.memory import MemoryStore

GIT = (
    *("git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"),
    *("-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main", "-c", "advice.detachedHead=false"),
)


class Tree:
    """A directory, with or without git, and the store that its captures go to."""

    def __init__(self, root: Path):
        self.root = root
        self.store = MemoryStore()
        root.mkdir(parents=True, exist_ok=True)

    def git(self, *words, directory="."):
        variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        result = subprocess.run(
            [*GIT, *words],
            cwd=self.root / directory,
            check=True,
            capture_output=True,
            env=variables | {"GIT_CONFIG_GLOBAL": os.devnull},
        )
        return result.stdout.decode().strip()

    def init(self, directory="."):
        (self.root / directory).mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", directory=directory)
        return self

    def commit(self, directory="."):
        self.git("add", "-A", directory=directory)
        self.git("commit", "-q", "--allow-empty", "-m", "x", directory=directory)
        return self.git("rev-parse", "HEAD", directory=directory)

    def write(self, files):
        for path, content in files.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def capture(self, *, git=True, is_product=lambda path, digest: False, **options):
        return capture(self.root, put=self.store, git=git, is_product=is_product, **options)

    def contents(self, manifest):
        """Path → content of the files and links of a manifest."""
        return {
            entry.path: self.store.get(entry.digest) if entry.digest and not entry.omitted else entry.omitted
            for entry in manifest
        }


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path / "tree")


@pytest.fixture
def repository(tree):
    """A git repository with one commit of two files."""
    tree.init().write({"train.py": "print(1)\n", "src/model.py": "x = 1\n"})
    tree.commit()
    return tree
