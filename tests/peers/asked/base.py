"""What has to be known of a tool so that the questions can be asked."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from odd_wheel import wheel

from asked.project import ARGUMENTS, PACKAGE, Project

_KEPT = ("SSL_CERT_FILE", "LANG", "TMPDIR")


class UnavailableError(Exception):
    """It cannot be installed here."""


class Peer:
    """One tool, in an environment and a home directory of its own; used as its documentation says.

    `more` tells whether its options and calls are used that are made for what the plain way leaves out.
    """

    name = ""
    packages: tuple[str, ...] = ()
    """What is installed; the first one's version is told."""
    labels: dict[str, str] = {}  # noqa: RUF012
    """Question → what it takes that the answer is yes, where the plain way does not do."""
    says: dict[str, str] = {}  # noqa: RUF012
    """Question → what is written for yes, where the plain way took more than the tool's own command."""
    sets_seed = False
    """Whether it seeds generators by itself, and records with what."""
    committed = False
    """Whether a run is made again of what is committed alone, so that this is asked, too."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.home = place / "home"
        self.home.mkdir(parents=True)

    # An environment of its own.

    @property
    def programs(self) -> Path:
        return self.place / "environment" / "bin"

    @property
    def python(self) -> Path:
        return self.programs / "python"

    def install(self) -> str:
        """Install it; return its version."""
        uv = shutil.which("uv") or Path(sys.executable).with_name("uv")
        made = [uv, "venv", "--quiet", "--python", sys.executable, self.place / "environment"]
        subprocess.run(made, check=True, capture_output=True)
        name, version = PACKAGE
        more = {
            f"{name}/__init__.py": f"VALUE = __version__ = {version!r}\n".encode(),
            f"{name}-{version}.dist-info/top_level.txt": f"{name}\n".encode(),
        }
        odd = wheel(self.place / "wheels", name, version, more=more)
        words = [uv, "pip", "install", "--quiet", odd, *self.needs()]
        given = {**os.environ, "VIRTUAL_ENV": str(self.place / "environment")}
        try:
            done = subprocess.run(words, env=given, capture_output=True, text=True, timeout=600)
        except subprocess.TimeoutExpired as error:
            raise UnavailableError(self.name) from error
        if done.returncode:
            raise UnavailableError(f"{self.name}: {done.stderr[-500:]}")
        return self.version()

    def needs(self) -> tuple[str, ...]:
        """What is installed into its environment."""
        return ("pip", *self.packages)

    def version(self) -> str:
        asks = f"import importlib.metadata as m; print(m.version({self.packages[0]!r}))"
        return subprocess.check_output([self.python, "-c", asks], text=True).strip()

    def variables(self) -> dict[str, str]:
        """The environment in which it runs: nothing of the user's."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        for role in ("AUTHOR", "COMMITTER"):
            kept |= {f"GIT_{role}_NAME": "Ann", f"GIT_{role}_EMAIL": "ann@example.org"}
        return kept | {
            "PATH": os.pathsep.join([str(self.programs), os.environ["PATH"]]),
            "HOME": str(self.home),
            "DO_NOT_TRACK": "1",
            "PYTHONWARNINGS": "ignore",
        }

    def call(self, words: list[str], where: Path, *, check: bool = True) -> tuple[int, str]:
        """Exit code and what a command said."""
        done = subprocess.run(
            list(map(str, words)),
            cwd=where,
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=240,
        )
        said = done.stdout.decode(errors="replace")
        assert done.returncode == 0 or not check, (words, said[-3000:])
        return done.returncode, said

    # What each tool does in its own way.

    def prepare(self, project: Project, more: bool) -> int:
        """Make the project ready for it; return how many lines of the script are new or other ones."""
        return 0

    def command(self, project: Project, more: bool, arguments: tuple[str, ...]) -> list[str]:
        """The command that records the script with these arguments."""
        return ["python", "train.py", *arguments]

    def run(self, project: Project, more: bool, arguments: tuple[str, ...] = ARGUMENTS) -> str:
        """Record a run; return what was said."""
        return self.call(self.command(project, more, arguments), project.root)[1]

    def record(self, project: Project) -> list[Path]:
        """Where the records lie, and files with what the command line says of the last one."""
        raise NotImplementedError

    def stored(self, project: Project) -> list[Path]:
        """Where the records themselves lie."""
        return self.record(project)

    def output(self, project: Project) -> Path:
        """Where the last run left model.json."""
        return project.output

    def again(self, project: Project, to: Path) -> bytes | None:
        """Make the last run again in the empty directory `to`; its model.json, None where there is no way."""
        return None

    def compared(self, project: Project, to: Path) -> str | None:
        """What is said of the two if they differ, "" where they are the same; None: nothing can be asked."""
        return None

    def check(self, project: Project) -> bool | None:
        """Whether the record is found whole; None where nothing checks it."""
        return None

    def count(self, project: Project) -> int:
        """How many finished runs are on record."""
        raise NotImplementedError

    def seed(self, project: Project) -> str | None:
        """The seed that it set by itself in the last run."""
        return None
