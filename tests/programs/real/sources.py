"""Sources by the name of their package, through the ordinary clients, checked by digest and kept."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import blake3
import uv

from .catalogue import Source

PIP = "pip==25.3"
"""The version whose parts `pip_sdist.py` calls."""
SUITE = "bookworm"
_TIMEOUT_S = 300


class UnavailableError(Exception):
    """It cannot be had on this machine."""


class ClientError(Exception):
    """A client failed."""


class Sources:
    """Downloads, and what was unpacked of them, in one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def unpacked(self, source: Source) -> Path:
        """The directory that holds what is in a source; of a tarball, beneath its top directory."""
        top = self._directory / "unpacked" / source.blake3[:16]
        if not top.is_dir():
            file = self._file(source)
            half = top.with_name(f"{top.name}.{os.getpid()}")
            half.mkdir(parents=True)
            if source.kind == "debian":
                subprocess.run(["dpkg-deb", "-x", str(file), str(half)], check=True)
            else:
                with tarfile.open(file) as archive:
                    archive.extractall(half, filter="data")
            half.rename(top)
        if source.kind == "debian":
            return top
        (only,) = top.iterdir()
        return only

    def merged(self, sources: tuple[Source, ...]) -> Path:
        """One directory that holds all of several sources."""
        name = "-".join(each.blake3[:8] for each in sources)
        top = self._directory / "merged" / name
        if not top.is_dir():
            half = top.with_name(f"{name}.{os.getpid()}")
            for each in sources:
                shutil.copytree(self.unpacked(each), half, symlinks=True, dirs_exist_ok=True)
            half.rename(top)
        return top

    def _file(self, source: Source) -> Path:
        kept = self._directory / "downloads" / source.blake3
        if not kept.is_file():
            fresh = self._directory / f"download.{os.getpid()}"
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            try:
                file = self._sdist(source, fresh) if source.kind == "sdist" else self._debian(source, fresh)
                digest = blake3.blake3(file.read_bytes()).hexdigest()
                if digest != source.blake3:
                    raise AssertionError(
                        f"{file.name} has the digest {digest}; the catalogue says {source.blake3}"
                    )
                kept.parent.mkdir(exist_ok=True)
                file.rename(kept)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
        return kept

    def _sdist(self, source: Source, directory: Path) -> Path:
        # `pip download` builds the metadata of what it downloads; only its index and its session are wanted.
        tool = self._directory / "pip"
        python = tool / "bin" / "python"
        if not python.exists():
            run([uv.find_uv_bin(), "venv", "-q", "--clear", "--python", sys.executable, str(tool)])
            run([uv.find_uv_bin(), "pip", "install", "-q", "--python", str(python), PIP])
        script = Path(__file__).parents[1] / "pip_sdist.py"
        run([str(python), "-I", str(script), f"{source.name}=={source.version}", str(directory)])
        (file,) = directory.iterdir()
        return file

    def _debian(self, source: Source, directory: Path) -> Path:
        if not all(shutil.which(each) for each in ("apt-get", "dpkg-deb")):
            raise UnavailableError("apt-get is not here")
        try:
            return self._fetched(source, directory)
        except ClientError as error:  # an archive drops what it replaces
            raise UnavailableError(str(error)) from error

    def _fetched(self, source: Source, directory: Path) -> Path:
        options = self._apt()
        wanted = f"{source.name}={source.version}"
        if source.kind == "debian":
            run(["apt-get", *options, "-qq", "download", wanted], cwd=directory)
            (file,) = directory.glob("*.deb")
        else:
            run(
                ["apt-get", *options, "-qq", "source", "--download-only", "--tar-only", wanted], cwd=directory
            )
            (file,) = directory.glob("*.orig.tar.*")
        return file

    def _apt(self) -> list[str]:
        """Settings and lists of our own: nothing of the machine's changes, and root is not needed."""
        top = self._directory / "apt"
        for each in ("lists/partial", "cache/archives/partial", "parts", "state"):
            (top / each).mkdir(parents=True, exist_ok=True)
        (top / "state" / "status").touch()
        options = {
            "Dir::Etc::SourceList": top / "sources.list",
            "Dir::Etc::SourceParts": top / "parts",
            "Dir::State": top / "state",
            "Dir::State::Lists": top / "lists",
            "Dir::State::Status": top / "state" / "status",
            "Dir::Cache": top / "cache",
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        if not (top / "sources.list").is_file():
            listed = run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(RELEASE)"])
            lines = [line.split() for line in listed.splitlines()]
            # An archive has every suite; that of security updates, and those of others than Debian, have not.
            archives = [line[0] for line in lines if line[1:2] == ["Debian"] and "-" not in line[-1]]
            if not archives:
                raise UnavailableError("apt-get knows no archive of Debian: run apt-get update")
            keys = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
            lines = [f"{kind} {keys} {archives[0]} {SUITE} main\n" for kind in ("deb", "deb-src")]
            (top / "new.list").write_text("".join(lines))
            run(["apt-get", *words, "-o", f"Dir::Etc::SourceList={top / 'new.list'}", "-qq", "update"])
            (top / "new.list").rename(top / "sources.list")
        return words


def run(command: list[str], **options: object) -> str:
    """Run a client; what it says is the error when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, **options)
    if done.returncode:
        raise ClientError(f"{' '.join(command[:1])} failed: {done.stderr.strip()[-1500:]}")
    return done.stdout
