"""The questions, each a check of what a tool left behind or of what its command line says."""

import base64
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from statistics import median

import blake3

from asked.base import Peer
from asked.project import (
    ARGUMENTS,
    DEFAULT,
    PACKAGE,
    UNCOMMITTED,
    UNTRACKED,
    git,
    make,
    weight,
)
from asked.searching import spoil, texts

QUESTIONS = {
    "lines": "lines of the script that are new or other ones",
    "dirty": "keeps a change that is not committed",
    "untracked": "keeps an untracked module that is imported",
    "packages": "has the versions of packages",
    "input": "has the digest, or the content, of an input outside the tree",
    "output": "keeps the content of an output",
    "default": "has a hyperparameter's default that no argument names",
    "unseeded": "tells that nothing was seeded",
    "again": "makes it again from the record alone, in an empty directory",
    "same": "says whether that came out the same",
    "value": "says which numbers differ",
    "stored": "notices an edit of a stored output",
    "edited": "notices an edit of a recorded argument",
    "writers": "of 8 runs at once, on record",
    "cpu": "CPU seconds over the bare script",
}
SEEDED = (*ARGUMENTS, "--seed", "7")
WRITERS = 8
ROUNDS = 5
_UNSEEDED = re.compile(
    r"without a seed|unseeded|not seeded|unstable|not stable|differ(s|ed)? between|deterministic", re.I
)
"""What tools may say of a run that is another one each time."""


def digests(path: Path) -> list[bytes]:
    """A file's digests by the functions in use, in hexadecimal digits and in base64."""
    found = [blake3.blake3(path.read_bytes()).hexdigest()]
    for program in ("md5sum", "sha1sum", "sha256sum"):
        found.append(subprocess.check_output([program, path], text=True).split()[0])
    return [way for each in found for way in (each.encode(), base64.b64encode(bytes.fromhex(each)))]


class Asking:
    """The questions to one tool, used plainly or with `more`."""

    def __init__(self, peer: Peer, place: Path, more: bool) -> None:
        self.peer, self.place, self.more = peer, place, more
        self.project = make(place)
        self.lines = peer.prepare(self.project, more)
        self.evidence: dict[str, str] = {}
        self.partly: dict[str, str] = {}

    def answers(self) -> dict[str, bool]:
        """Whether it does each thing that can be done or not."""
        peer, project = self.peer, self.project
        # 1. What is on record of an unseeded run.
        said = peer.run(project, self.more)
        found = dict.fromkeys(QUESTIONS, False) | self._held()
        # 2. The same run, made again and compared.
        first = weight(peer.output(project).read_bytes())
        other = self._again("unseeded")
        differs = self._compared("unseeded")
        # 3. A seeded one.
        calm = peer.run(project, self.more, SEEDED)
        content = peer.output(project).read_bytes()
        if not found["output"] and any(content in text for text in texts(peer.record(project))):
            self.partly["output"] = "if it repeats"
        found["again"] = self._again("seeded") == content
        same = self._compared("seeded")
        found["same"] = bool(differs) and same == ""
        numbers = [first, *([weight(other)] if other else [])]
        found["value"] = found["same"] and all(_shown(each, differs or "") for each in numbers)
        found["unseeded"] = bool(_UNSEEDED.search(said)) and not _UNSEEDED.search(calm)
        self.evidence["unseeded"] = said[-900:]
        # 4. What is not as it was recorded.
        number = weight(content)
        found["stored"] = self._noticed(
            "stored", number, number[:-1] + (b"1" if number[-1:] != b"1" else b"2")
        )
        found["edited"] = self._noticed("edited", b"0.25", b"0.75")
        return found

    def _held(self) -> dict[str, bool]:
        project, peer = self.project, self.peer
        content = peer.output(project).read_bytes()
        inputs = [*digests(project.data), project.data.read_bytes()]
        near = rb"\W{1,12}(?:[a-z_]{1,12}\W{1,6})?"  # of a name and its value, in any notation
        patterns = {
            "dirty": re.escape(UNCOMMITTED),
            "untracked": re.escape(UNTRACKED),
            "packages": rb"\b" + PACKAGE[0].encode() + near + re.escape(PACKAGE[1].encode()),
            "input": b"|".join(map(re.escape, inputs)),
            "output": re.escape(content),
            "default": rb"\b" + DEFAULT[0].encode() + near + DEFAULT[1].encode() + rb"\b",
        }
        found = dict.fromkeys(patterns, False)
        for text in texts(peer.record(project)):
            for name, pattern in patterns.items():
                hit = None if found[name] else re.search(pattern, text)
                if hit:
                    found[name] = True
                    self.evidence[name] = repr(text[max(0, hit.start() - 20) : hit.end() + 20])[:160]
        return found

    def _again(self, which: str) -> bytes | None:
        to = self.place / f"empty-{which}"
        to.mkdir()
        try:
            return self.peer.again(self.project, to)
        except AssertionError as error:
            self.evidence[f"again {which}"] = str(error)[-400:]
            return None

    def _compared(self, which: str) -> str | None:
        try:
            said = self.peer.compared(self.project, self.place / f"empty-{which}")
        except (AssertionError, OSError, subprocess.CalledProcessError) as error:
            self.evidence[f"compared {which}"] = f"{error!r}"[-400:]
            return None
        self.evidence[f"compared {which}"] = str(said)[-600:]
        return said

    def _noticed(self, which: str, old: bytes, new: bytes) -> bool:
        """Whether a check that finds the record whole finds it so no more when it was edited."""
        peer, root = self.peer, self.project.root
        whole = peer.check(self.project)
        if not whole:
            self.evidence[which] = f"found whole before: {whole}"
            return False
        kept = root.with_name("kept")
        shutil.copytree(root, kept, symlinks=True)
        edited = spoil(peer.stored(self.project), old, new)
        noticed = edited > 0 and not peer.check(self.project)
        self.evidence[which] = f"{edited} files edited, noticed: {noticed}"
        for path in (root, *root.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
        shutil.rmtree(root)
        kept.rename(root)
        return noticed

    def committed(self) -> bool:
        """Whether it is made again if all is committed before it is recorded."""
        git(self.project.root, "add", "-A")
        git(self.project.root, "commit", "-qm", "all")
        self.peer.run(self.project, self.more, SEEDED)
        return self._again("committed") == self.peer.output(self.project).read_bytes()

    def writers(self) -> str:
        """How many of runs that start at once are on record, and whether the others knew."""
        before = self.peer.count(self.project)
        runs = [
            subprocess.Popen(
                list(map(str, self.peer.command(self.project, self.more, ("--rate", f"0.{number}5")))),
                cwd=self.project.root,
                env=self.peer.variables(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for number in range(1, WRITERS + 1)
        ]
        refused = sum(run.wait(timeout=240) != 0 for run in runs)
        kept = self.peer.count(self.project) - before
        lost = WRITERS - kept - refused
        told = [f"{refused} failed"] if refused else []
        told += [f"{lost} lost"] if lost > 0 else []
        return f"{kept} ({', '.join(told)})" if told else str(kept)

    def cpu(self) -> float:
        """Median CPU seconds, children included, over those of the script as it was, in turns."""
        bare = make(self.place / "bare")
        taken: dict[str, list[float]] = {"bare": [], "recorded": []}
        for turn in range(ROUNDS + 1):
            words = self.peer.command(self.project, self.more, ARGUMENTS)
            for name, each, where in (
                ("bare", ["python", "train.py", *ARGUMENTS], bare.root),
                ("recorded", words, self.project.root),
            ):
                before = os.times()
                self.peer.call(each, where)
                after = os.times()
                if turn:
                    used = (after.children_user, after.children_system)
                    taken[name].append(sum(used) - before.children_user - before.children_system)
        return median(taken["recorded"]) - median(taken["bare"])


def _shown(number: bytes, text: str) -> bool:
    """Whether a text has the weight, or the loss that follows from it."""
    return any(str(each)[:9] in text for each in (float(number), float(number) / 4))


def ask(peer: Peer, place: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Each question's answer, and what was seen."""
    began = time.monotonic()
    plain = Asking(peer, place / "plain", more=False)
    answers = plain.answers()
    full = Asking(peer, place / "more", more=True) if peer.labels else None
    possible = full.answers() if full else answers
    cells = {}
    for name in QUESTIONS:
        if answers[name]:
            cells[name] = peer.says.get(name, "yes")
        else:
            ways = [plain.partly.get(name), peer.labels.get(name, "with more") if possible[name] else None]
            cells[name] = ", else ".join(way for way in ways if way) or "no"
    if cells["again"] == "no" and peer.committed:
        clean = Asking(peer, place / "clean", more=True)
        if clean.committed():
            cells["again"] = peer.labels["committed"]
        plain.evidence |= {f"clean {name}": text for name, text in clean.evidence.items()}
    if peer.sets_seed and cells["unseeded"] == "no" and peer.seed(plain.project):
        cells["unseeded"] = "sets one itself"
    cells["lines"] = str(plain.lines)
    fresh = Asking(peer, place / "fresh", more=False)
    peer.run(fresh.project, more=False)
    cells["cpu"] = f"{fresh.cpu():.2f}"
    cells["writers"] = fresh.writers()
    evidence = plain.evidence | {
        f"more {name}": text for name, text in (full.evidence if full else {}).items()
    }
    evidence["seconds"] = f"{time.monotonic() - began:.0f}"
    return cells, evidence
