"""The group, its help, and the boundary at which errors become text."""

import importlib
import re
import resource
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ledger.cli.commands import ALIASES, COMMANDS, group

ROOT = Path(__file__).parents[2]


def command(name):
    return importlib.import_module(f"ledger.cli.{name}").command


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_command_says(name):
    found = command(name)
    assert found.name == name
    assert found.short_help == COMMANDS[name]
    assert group.get_command(click.Context(group), name) is found


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_ends_with_two_examples_and_the_exit_codes(tool, name):
    text = tool(name, "--help").out
    examples = re.search(r"Examples:\n((?:    ledger .*\n)+)\n", text)
    assert examples, text
    assert len(examples[1].splitlines()) == 2
    assert re.search(r"^  Exit codes: \S", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= 80
    assert text.isascii() or "…" in text
    assert "\\b" not in text  # it keeps line breaks; a raw docstring has the letters
    assert tool(name, "-h").out == text


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_name_options_that_exist(name):
    found = command(name)
    known = {each for option in found.params for each in option.opts} | {"--help"}
    examples = re.findall(r"^  ledger .*$", found.epilog, re.MULTILINE)
    for example in examples:
        own = example.split(" -- ")[0].split(" python ")[0]
        for word in re.findall(r"(?<=\s)--?[a-zA-Z][\w-]*", re.sub("--ledger|--sort -accuracy", "", own)):
            assert word in known, example


def test_help_lists_the_commands_of_this_release_in_the_order_of_a_day(tool):
    text = tool("--help").out
    listed = re.findall(r"^  ([a-z]+)  ", text.split("Commands:")[1], re.MULTILINE)
    assert listed == list(COMMANDS)
    assert listed == [
        "init",
        "run",
        "log",
        "sql",
        "ui",
        "show",
        "cat",
        "diff",
        "replay",
        "why",
        "tune",
        "verify",
        "best",
        "seeds",
        "robustness",
        "importance",
        "tunability",
        "sensitivity",
        "ablation",
        "report",
        "badge",
        "head",
        "prove",
        "bundle",
        "open",
        "push",
        "pull",
        "clone",
        "remote",
        "checkout",
        "note",
        "tag",
        "rm",
        "gc",
    ]
    assert tool().out == text


def test_help_imports_no_command_and_nothing_heavy(tmp_path):
    code = (
        f"import sys; sys.path[:1] = [{str(ROOT)!r}]; from ledger.cli.main import main; main(['--help'])\n"
        "print('\\n'.join(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    modules = {each for each in done.stderr.splitlines() if each.split(".")[0] == "ledger"}
    own = {"ledger.cli", "ledger.cli.commands", "ledger.cli.main", "ledger.cli.plain"}
    assert modules == {"ledger", "ledger.record", "ledger.errors", *own}
    assert not {"rich", "cbor2", "blake3", "pyarrow", "json"} & set(done.stderr.splitlines())


def cpu(*words):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.bench
def test_help_costs_little_more_than_click(tool):
    ratios = [cpu(*tool.words[1:], "--help") / cpu("-c", "import click") for _ in range(15)]
    assert sorted(ratios)[7] <= 2.5


@pytest.mark.parametrize("alias", ALIASES)
def test_aliases(trained, alias):
    name = ALIASES[alias]
    assert trained(alias, "--help").out.partition("\n")[2] == trained(name, "--help").out.partition("\n")[2]


WAITS = {
    "nobody": ("", ""),
    "a function": ("import atexit; atexit.register(print, 'called')", "called\n"),
    "a thread": (
        "import threading as t; t.Thread(target=lambda: (t.main_thread().join(), print('ended'))).start()",
        "ended\n",
    ),
}


@pytest.mark.parametrize(("code", "expected"), WAITS.values(), ids=WAITS)
def test_the_end_waits_for_those_who_asked_for_it(tmp_path, code, expected):
    code = (
        f"import sys; sys.path[:1] = [{str(ROOT)!r}]; sys.argv = ['ledger', '--version']\n"
        f"{code}\nfrom ledger.cli.main import program; sys.exit(program())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    first, _, rest = done.stdout.partition("\n")
    assert (done.returncode, first[:7], rest, done.stderr) == (0, "ledger ", expected, "")


def test_version(tool):
    assert re.fullmatch(r"ledger \S+\n", tool("--version").out)


def error(tool, *words, code, **options):
    done = tool(*words, code=code, **options)
    assert done.out == ""
    return done.err


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (
            ["lgo"],
            2,
            (
                "error: no command 'lgo'\ncause: the first word names a command\n"
                "hint: ledger log or ledger clone\n"
            ),
        ),
        (
            ["sh", "train.sh"],
            2,
            (
                "error: no command 'sh'\ncause: the first word names a command\n"
                "hint: ledger show or ledger push\n"
            ),
        ),
        (
            ["nice", "python", "train.py"],
            2,
            (
                "error: no command 'nice'\ncause: the first word names a command\n"
                "hint: to record it as a trial: ledger run nice python train.py\n"
            ),
        ),
        (["log", "--nonsense"], 2, "error: no such option '--nonsense'\nhint: see how: ledger log --help\n"),
        (["show"], 2, "error: missing argument 'REF'\nhint: see how: ledger show --help\n"),
        (
            ["run"],
            2,
            (
                "error: no command to run\ncause: expected a program and its arguments after the options\n"
                "hint: ledger run python train.py\n"
            ),
        ),
        (
            ["run", "--seed", "x", "true"],
            2,
            (
                "error: a bad seed\n"
                "cause: --seed: expected a whole number from 0 to 9223372036854775807, got 'x'\n"
                "hint: ledger run --seed 42 python train.py\n"
            ),
        ),
    ],
)
def test_usage_errors_have_the_one_form(tool, words, code, expected):
    tool.project.write(train="")
    # Before click 8.3 the option stood without quotes.
    assert error(tool, *words, code=code).replace(": --nonsense", " '--nonsense'") == expected


def test_no_ledger_is_not_found(tool):
    for words in (["log"], ["show", "@"], ["verify"], ["log", "--json"]):
        assert error(tool, *words, code=3) == (
            f"error: no ledger in {tool.path} or above\n"
            f"cause: expected {tool.path}/.ledger\n"
            "hint: make one: ledger init, or record a trial: ledger run COMMAND\n"
        )


def test_references_that_mean_nothing(trained):
    assert "the nearest names are first" in error(trained, "show", "firts", code=3)
    assert error(trained, "show", "first~1", "--json", code=3) == (
        "error: no trial first~1\ncause: first names 1 trial\nhint: the oldest is first~0\n"
    )


def test_control_characters_reach_no_terminal(tool):
    tool("init")
    assert "\\x1b[31m" in error(tool, "show", "\x1b[31mred", code=3)


def test_the_directory_is_gone(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'rmdir "$PWD"; exec "$@"'
    done = subprocess.run(
        ["sh", "-c", script, "sh", sys.executable, "-m", "ledger", "log"],
        cwd=gone,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error: the current directory does not exist any more\n")


def test_the_ledger_is_named_by_option_or_variable(tool, tmp_path):
    elsewhere = tmp_path / "elsewhere" / ".ledger"
    tool("--ledger", elsewhere, "init")
    tool("run", "-q", "true", variables={"LEDGER_DIR": str(elsewhere)})
    assert len(tool.document("--ledger", elsewhere, "log")) == 1
    assert not (tool.path / ".ledger").exists()
    other = tmp_path / "other"
    assert "made a ledger" in tool("--ledger", other, "init", variables={"LEDGER_DIR": str(elsewhere)}).out


def test_a_reader_that_goes_away_is_no_error(trained):
    process = subprocess.Popen(
        [*trained.words, "log", "--json"], cwd=trained.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 141


def test_an_interrupt_is_quiet(tool):
    code = (
        f"import sys; sys.path[:1] = [{str(ROOT)!r}]\n"
        "import os, signal\nfrom ledger.cli import main, common\n"
        "common.opened = lambda context: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.exit(main.main(['log']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tool.path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_output_in_a_locale_that_is_no_utf8(trained):
    trained("note", "@", "Größe – 30 €")
    done = trained("show", "@", variables={"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"})
    assert "Gr\\xf6\\xdfe" in done.out
    document = trained.document("show", "@", variables={"PYTHONIOENCODING": "ascii"})
    assert document["notes"][0]["text"] == "Größe – 30 €"


def test_an_unexpected_refusal_of_the_system_is_told_in_the_same_form(trained):
    (trained.path / "target").write_text("")
    done = error(trained, "checkout", "@", "--to", trained.path / "target" / "beneath", code=1)
    assert re.match(r"error: .+\n", done)
