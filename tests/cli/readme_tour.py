"""The commands of the README and their output: written anew, or held against what they say today.

Its tables of other tools, of real programs and of what was measured are those of ``tests/peers``,
``tests/programs`` and ``tests/bench``.

python tests/cli/readme_tour.py            write the output and the tables into the README
python tests/cli/readme_tour.py --check    exit 1 where it would say something else
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
RESULTS = ROOT / "tests" / "bench" / "results.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)

_MASKS = (
    (r"\x1b\[[0-9;]*m", ""),
    (r"\b20\d\d-\d\d-\d\d[T ][\d:.]+Z?", "TIME"),
    (r"[-+]?\b\d[\d.]*(e-?\d+)? ?(ns|µs|ms|s|min|h|B|kB|MB|GB|MiB|GiB)\b", "AMOUNT"),
    (r"[-+]?\b\d+(\.\d+)+(e-?\d+)?\b", "NUMBER"),
    (r"\bSHA256:[A-Za-z0-9+/]{43}", "KEY"),
    (r"(b3:)?\b[0-9a-f]{8,}\b", "ID"),
    (r"\b\d+ objects\b", "OBJECTS"),  # a series holds times: two that were written in one tick are one object
    (r"^( *host +\w+:|  platform ).*", r"\1"),
    (r"(Pacific/Kiritimati|Etc/GMT\+12) \(UTC[+-]\d+\)", "ZONE"),  # whichever has another date now
    (r"(\bbox +)\S[^\n]*?\((x86_64|aarch64)\)", r"\1PROCESSOR"),
    (r"/\S+", "PATH"),
    (r"\((master|main)\)", ""),
    (r"[ \t]+", " "),
)
"""What differs from one time or machine to another."""


def masked(text):
    for pattern, name in _MASKS:
        text = re.sub(pattern, name, text, flags=re.M)
    return [line.strip() for line in text.strip().splitlines()]


def section(title, text=None):
    text = README.read_text("utf-8") if text is None else text
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.M | re.S)


def blocks(title, language, text=None):
    """The fenced blocks of a section."""
    return [body for kind, body in FENCE.findall(section(title, text)[1]) if kind == language]


def place(directory, interpreter=None):
    """Variables for a project in `directory`, with a bare Python of its own and nothing of the user's."""
    python = directory / "environment"
    made = [interpreter or sys.executable, "-m", "venv", "--without-pip", str(python)]
    subprocess.run(made, check=True)
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("UV_", "SSL_")) or name.lower().endswith("_proxy") or name == "HOME"
    }
    tools = Path(sys.executable).parent
    return kept | {
        "PATH": os.pathsep.join([str(python / "bin"), str(tools), os.environ["PATH"]]),
        "XDG_CACHE_HOME": str(directory / "cache"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ann",
        "GIT_AUTHOR_EMAIL": "ann@example.org",
        "GIT_COMMITTER_NAME": "Ann",
        "GIT_COMMITTER_EMAIL": "ann@example.org",
        "LANG": "C.UTF-8",
    }


def said(command, directory, variables):
    """What a command prints, as a person sees it."""
    done = subprocess.run(
        command,
        shell=True,
        cwd=directory,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output = done.stdout.decode("utf-8")
    for mine, shown in ((str(directory.parent), "/home/ann"), (os.uname().release, "6.1.0")):
        output = output.replace(mine, shown)
    output = re.sub(r"\b(host +|  )" + re.escape(os.uname().nodename) + r"\b", r"\1box", output)
    return done.returncode, output


def played(block, directory, variables):
    """A console block with today's output, and each command's exit code."""
    lines, codes = [], {}
    for command in re.findall(r"^\$ (.*)$", block, re.M):
        code, output = said(command, directory, variables)
        codes[command] = code
        lines += [f"$ {command}", *(line.rstrip() for line in output.splitlines())]
    return "".join(f"{line}\n" for line in lines), codes


def today(text, directory):
    """The README's tour with today's output, and each command's exit code."""
    variables = place(directory)
    project = directory / "line"
    project.mkdir()
    (project / "train.py").write_text(blocks("A tour of five minutes", "python", text)[0], "utf-8")
    codes = {}

    def again(match):
        if match[1] != "console":
            return match[0]
        new, found = played(match[2], project, variables)
        codes.update(found)
        return f"```console\n{new}```"

    tour = section("A tour of five minutes", text)
    return text[: tour.start(1)] + FENCE.sub(again, tour[1]) + text[tour.end(1) :], codes


def with_tables(text):
    """The README with the tables of what other tests wrote down."""
    tables = {
        "peers": printed("peers"),
        "programs": printed("programs"),
        "measured": measured(RESULTS.read_text("utf-8")),
    }
    for name, table in tables.items():
        pattern = rf"(?<=^<!-- {name}: )([^\n]*-->\n).*?(?=^<!-- end -->$)"
        text = re.sub(pattern, lambda found, table=table: found[1] + table, text, count=1, flags=re.M | re.S)
    return text


def printed(name):
    """The tables that a directory of the tests prints of what was written down there."""
    made = [sys.executable, ROOT / "tests" / name / "table.py"]
    return subprocess.run(made, check=True, capture_output=True, text=True).stdout


def measured(results):
    """What was measured last of each thing, and the bound that the test sets."""
    rows = {}
    for line in results.splitlines():
        cells = [each.strip() for each in line.strip("|").split("|")]
        if re.match(r"\d{4}-\d\d-\d\d$", cells[0]):
            rows[cells[2]] = cells
    lines = ["| what | measured | at most | when |", "|---|---|---|---|"]
    return "".join(f"{line}\n" for line in lines) + "".join(
        f"| {what} | {figure} | {bound} | {day} |\n" for day, _, what, figure, bound in rows.values()
    )


def main(check):
    """Write the README's tour, or return the lines that differ."""
    text = README.read_text("utf-8")
    with tempfile.TemporaryDirectory() as directory:
        new, codes = today(with_tables(text), Path(directory))
    for command, code in codes.items():
        print(f"{code}  {command}", file=sys.stderr)
    if not check:
        README.write_text(new, "utf-8")
        return []
    old, new = masked(text), masked(new)
    return [f"{a!r} is now {b!r}" for a, b in zip(old, new, strict=False) if a != b] or (
        [] if len(old) == len(new) else [f"{len(old)} lines are now {len(new)}"]
    )


if __name__ == "__main__":
    found = main("--check" in sys.argv[1:])
    print("\n".join(found) or "as expected")
    sys.exit(bool(found))
