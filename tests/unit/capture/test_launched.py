"""The Python behind shell scripts, job starters, project runners and notebooks' kernels."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.capture.interpreter import FoundInterpreter, find
from ledger.capture.shell import Commands

SAYS = "import sys, os; print(sys.executable, os.getcwd(), os.environ.get('SAID'))"


@pytest.fixture(scope="module")
def prefixes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two virtual environments."""
    place = tmp_path_factory.mktemp("prefixes")
    for name in ("one", "two"):
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", place / name], check=True)
    return place / "one", place / "two"


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def variables(*directories: Path, **more: str) -> dict[str, str]:
    return {"PATH": os.pathsep.join([*map(str, directories), "/usr/bin", "/bin"]), **more}


def really(argv: list[str], place: Path, environment: dict[str, str]) -> list[tuple[str, str, str]]:
    """What the Pythons of a command say of themselves: executable, directory, a variable."""
    (place / "says.py").write_text(SAYS)
    done = subprocess.run(argv, cwd=place, env=environment, capture_output=True, text=True, check=True)
    return [tuple(line.split(" ")) for line in done.stdout.splitlines()]  # type: ignore[misc]


SCRIPTS = {
    "a plain one": "python says.py",
    "an absolute path": "{two}/bin/python says.py",
    "an activated environment": "source {two}/bin/activate\npython says.py",
    "with a dot": ". '{two}'/bin/activate && python says.py",
    "relative to its own place": 'cd "$(dirname "$0")"\npython says.py',
    "a variable": "PYTHON={two}/bin/python\n$PYTHON says.py",
    "a default": "${{PYTHON:-{two}/bin/python}} says.py",
    "its arguments": '"$1" says.py',
    "all its arguments": '"$@"',
    "exec": "set -e\necho hi >/dev/null 2>&1 # python\nexec {two}/bin/python says.py 2>/dev/null",
    "a loop": "for i in 1; do {two}/bin/python says.py; done",
    "a condition": "if true; then\n  {two}/bin/python says.py\nfi",
    "a pipe": "echo data | {two}/bin/python says.py",
    "a continued line": "{two}/bin/python \\\n  says.py",
    "a changed path": "export PATH={two}/bin:$PATH\npython says.py",
    "a variable of one command": "SAID=yes {two}/bin/python says.py",
    "an exported variable": "export SAID=yes\npython says.py",
    "another directory": "mkdir -p sub && cd sub\n{two}/bin/python ../says.py",
    "a script in a script": "bash inner.sh",
    "a here-document": "cat <<END >/dev/null\n{one}/nowhere/python\nEND\n{two}/bin/python says.py",
    "a launcher": "nice -n 1 env SAID=yes {two}/bin/python says.py",
}


class TestShellScripts:
    @pytest.mark.parametrize("name", SCRIPTS)
    @pytest.mark.parametrize("how", ["bash", "shebang", "env"])
    def test_it_is_the_one_that_runs(
        self, name: str, how: str, prefixes: tuple[Path, Path], tmp_path: Path
    ) -> None:
        one, two = prefixes
        first = {"bash": "", "shebang": "#!/bin/bash\n", "env": "#!/usr/bin/env bash\n"}[how]
        program(tmp_path / "go.sh", first + SCRIPTS[name].format(one=one, two=two) + "\n")
        program(tmp_path / "inner.sh", f"{two}/bin/python says.py\n")
        argv = [*(["bash"] if how == "bash" else []), "./go.sh", f"{two}/bin/python", "says.py"]
        environment = variables(one / "bin")
        found = find(argv, tmp_path, environment)
        ((executable, directory, said),) = really(argv, tmp_path, environment)
        assert str(found.executable) == executable
        assert str(found.directory) == directory
        assert found.variables(environment).get("SAID", "None") == said
        assert (found.assumed, found.reason) == (False, None)

    def test_a_text(self, prefixes: tuple[Path, Path], tmp_path: Path) -> None:
        one, two = prefixes
        argv = ["bash", "-ec", '"$0" says.py "$1"', f"{two}/bin/python", "x"]
        found = find(argv, tmp_path, variables(one / "bin"))
        ((executable, _, _),) = really(argv, tmp_path, variables(one / "bin"))
        assert str(found.executable) == executable == f"{two}/bin/python"

    def test_several_are_said_to_be_so(self, prefixes: tuple[Path, Path], tmp_path: Path) -> None:
        one, two = prefixes
        program(tmp_path / "go.sh", f"{two}/bin/python a.py\n{one}/bin/python b.py\n{two}/bin/python c.py\n")
        found = find(["sh", "go.sh"], tmp_path, variables())
        assert found.executable == two / "bin/python"
        assert found.assumed
        assert found.reason == f"go.sh starts 2 Pythons: {two}/bin/python was taken"
        found = find(["sh", "-c", f"{two}/bin/python a.py; {one}/bin/python b.py"], tmp_path, variables())
        assert found.reason == f"sh starts 2 Pythons: {two}/bin/python was taken"

    def test_flags(self, prefixes: tuple[Path, Path], tmp_path: Path) -> None:
        program(tmp_path / "go.sh", "python -I says.py\n")
        assert find(["sh", "go.sh"], tmp_path, variables(prefixes[0] / "bin")).hiding

    @pytest.mark.parametrize(
        "text",
        [
            "echo hi",
            "$(which nothing) x.py",
            "'",
            "$UNKNOWN/bin/python x.py",
            "",
            "sh go.sh",
            "<<<<>>",
            "a=('b'",
        ],
    )
    def test_none_in_it(self, text: str, prefixes: tuple[Path, Path], tmp_path: Path) -> None:
        program(tmp_path / "go.sh", text)
        found = find(["sh", "go.sh"], tmp_path, variables(prefixes[0] / "bin"))
        assert found.executable == prefixes[0] / "bin/python3"
        assert found.assumed

    @pytest.mark.parametrize(
        "argv", [["bash"], ["bash", "-i"], ["bash", "gone.sh"], ["bash", "-c"], ["sh", "-"]]
    )
    def test_no_script(self, argv: list[str], prefixes: tuple[Path, Path], tmp_path: Path) -> None:
        assert find(argv, tmp_path, variables(prefixes[0] / "bin")).assumed

    def test_conda(self, prefixes: tuple[Path, Path], tmp_path: Path) -> None:
        home = tmp_path / "conda"
        (home / "envs").mkdir(parents=True)
        (home / "envs/train").symlink_to(prefixes[1])
        program(tmp_path / "go.sh", 'eval "$(conda shell.bash hook)"\nconda activate train\npython x.py\n')
        environment = variables(prefixes[0] / "bin", CONDA_EXE=str(home / "bin/conda"))
        assert find(["bash", "go.sh"], tmp_path, environment).executable == home / "envs/train/bin/python"

    def test_words(self) -> None:
        commands = Commands("/", {"B": "b"}, ("x.sh", "1 2"))
        text = "a '$B' \"$B\" \\$B x$B ${NO} $@ # c\nd>e 2>>f <g h&&i\n"
        assert list(commands(text)) == [("a", "$B", "b", "b", "xb", "${NO}", "1 2"), ("d", "h"), ("i",)]


class TestStarters:
    @pytest.mark.parametrize(
        "command",
        [
            "srun -n 2 python x.py",
            "srun --gres=gpu:1 ./go.sh",
            "mpirun -np 4 --bind-to core ./tool --lr 1",
            "mpiexec -n 2 torchrun --nproc-per-node 2 x.py",
            "horovodrun -np 2 bash go.sh",
            "torchrun --nproc_per_node=2 x.py",
            "torchrun --no-python ./tool",
            "accelerate launch --mixed_precision bf16 x.py",
            "accelerate launch --no_python python x.py",
            "deepspeed --num_gpus 2 x.py",
            "xvfb-run --server-args x -a python x.py",
            "python -m torch.distributed.run x.py",
            "python -m accelerate.commands.launch x.py",
            "coverage run x.py",
        ],
    )
    def test_starters(self, command: str, prefixes: tuple[Path, Path], tmp_path: Path) -> None:
        own = tmp_path / "bin"
        own.mkdir()
        (own / "python").symlink_to(prefixes[0] / "bin/python")
        (own / "pyvenv.cfg").touch()
        for name in ("srun", "mpirun", "mpiexec", "horovodrun"):
            program(own / name, "\x7fELF")
        for name in ("torchrun", "accelerate", "deepspeed", "coverage"):
            program(own / name, f"#!{own}/python\nimport sys\n")
        program(tmp_path / "tool", f"#!{own}/python\n")
        program(tmp_path / "go.sh", "#!/bin/sh\npython x.py\n")
        found = find(command.split(), tmp_path, variables(own))
        assert found.executable == own / "python"
        assert (found.assumed, found.reason) == (False, None)

    def test_another_python_behind_torchrun(self, prefixes: tuple[Path, Path], tmp_path: Path) -> None:
        one, two = prefixes
        program(tmp_path / "torchrun", f"#!{one}/bin/python\n")
        program(tmp_path / "tool", f"#!{two}/bin/python\n")
        argv = ["./torchrun", "--no-python", "./tool"]
        assert find(argv, tmp_path, variables()).executable == two / "bin/python"

    @pytest.mark.parametrize(
        "command",
        [
            "docker run --rm image python x.py",
            "apptainer exec image.sif python x.py",
            "ssh host python x.py",
            "nix develop -c python x.py",
            "tox -e py311",
        ],
    )
    def test_what_is_not_seen_from_here(
        self, command: str, prefixes: tuple[Path, Path], tmp_path: Path
    ) -> None:
        found = find(command.split(), tmp_path, variables(prefixes[0] / "bin"))
        assert found.executable is None
        assert found.reason is not None
        assert command.split()[0] in found.reason

    def test_pixi(self, prefixes: tuple[Path, Path], tmp_path: Path) -> None:
        (tmp_path / ".pixi/envs").mkdir(parents=True)
        for name, prefix in zip(("default", "gpu"), prefixes, strict=True):
            (tmp_path / ".pixi/envs" / name).symlink_to(prefix)
        (tmp_path / "deep").mkdir()
        for options, name in ((["run"], "default"), (["run", "-e", "gpu"], "gpu")):
            found = find(["pixi", *options, "python", "x.py"], tmp_path / "deep", variables())
            assert found.executable == tmp_path / ".pixi/envs" / name / "bin/python"

    def test_pdm(self, prefixes: tuple[Path, Path], tmp_path: Path) -> None:
        (tmp_path / ".pdm-python").write_text(f"{prefixes[1]}/bin/python\n")
        found = find(["pdm", "run", "python", "x.py"], tmp_path, variables())
        assert found.executable == prefixes[1] / "bin/python"

    def test_runners_are_asked_once(self, prefixes: tuple[Path, Path], tmp_path: Path) -> None:
        program(
            tmp_path / "bin/poetry",
            f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\n[ "$*" = "env info --path" ] && echo {prefixes[1]}\n',
        )
        for _ in range(2):
            found = find(
                ["poetry", "run", "python"], tmp_path, variables(tmp_path / "bin"), cache=tmp_path / "cache"
            )
            assert found.executable == prefixes[1] / "bin/python"
        assert (tmp_path / "asked").read_text() == "env info --path\n"

    def test_a_runner_that_does_not_say(self, tmp_path: Path) -> None:
        program(tmp_path / "bin/hatch", "#!/bin/sh\nexit 1\n")
        found = find(["hatch", "run", "python"], tmp_path, variables(tmp_path / "bin"))
        assert (found.executable, found.reason) == (None, "hatch keeps its environment elsewhere")


class TestNotebooks:
    @pytest.fixture
    def jupyter(self, prefixes: tuple[Path, Path], tmp_path: Path) -> Path:
        """Programs that run in the first environment, and a kernel that runs in the second."""
        for name in ("jupyter", "jupyter-nbconvert", "papermill"):
            program(tmp_path / "bin" / name, f"#!{prefixes[0]}/bin/python\n")
        self.kernel(tmp_path / "home/.local/share/jupyter", "train", f"{prefixes[1]}/bin/python")
        self.notebook(tmp_path / "a.ipynb", "train")
        return tmp_path

    def kernel(self, data: Path, name: str, *argv: str, **more: object) -> None:
        (data / "kernels" / name).mkdir(parents=True)
        words = [*argv, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        (data / "kernels" / name / "kernel.json").write_text(json.dumps({"argv": words, **more}))

    def notebook(self, path: Path, kernel: str | None) -> None:
        metadata = {"kernelspec": {"name": kernel, "language": "python"}} if kernel else {}
        path.write_text(json.dumps({"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))

    def find(self, command: str, place: Path, **more: str) -> FoundInterpreter:
        return find(command.split(), place, variables(place / "bin", HOME=str(place / "home"), **more))

    @pytest.mark.parametrize(
        "command",
        [
            "jupyter nbconvert --to notebook --execute a.ipynb",
            "jupyter-nbconvert --execute --to notebook a.ipynb",
            "papermill a.ipynb out.ipynb -p lr 0.1",
            "jupyter execute a.ipynb",
            "jupyter run a.ipynb",
            "nice jupyter execute a.ipynb",
            "{one}/bin/python -m papermill a.ipynb out.ipynb",
            "{one}/bin/python -m jupyter nbconvert --execute a.ipynb",
            "papermill -k train b.ipynb out.ipynb",
            "jupyter nbconvert --execute --ExecutePreprocessor.kernel_name=TRAIN b.ipynb",
            "jupyter execute --kernel_name=train b.ipynb",
        ],
    )
    def test_the_kernels_python_counts(
        self, command: str, jupyter: Path, prefixes: tuple[Path, Path]
    ) -> None:
        self.notebook(jupyter / "b.ipynb", "other")
        found = self.find(command.format(one=prefixes[0]), jupyter)
        assert found.executable == prefixes[1] / "bin/python"
        assert (found.assumed, found.reason) == (False, None)

    @pytest.mark.parametrize("command", ["jupyter nbconvert --to html a.ipynb", "papermill --help"])
    def test_nothing_is_executed(self, command: str, jupyter: Path, prefixes: tuple[Path, Path]) -> None:
        assert self.find(command, jupyter).executable == prefixes[0] / "bin/python"

    @pytest.mark.parametrize("kernel", [None, "python3"])
    def test_the_native_kernel(self, kernel: str | None, jupyter: Path, prefixes: tuple[Path, Path]) -> None:
        self.notebook(jupyter / "a.ipynb", kernel)
        found = self.find("papermill a.ipynb b.ipynb", jupyter)
        assert (found.executable, found.assumed) == (prefixes[0] / "bin/python", False)
        self.kernel(jupyter / "data", "python3", "python")
        found = self.find("papermill a.ipynb b.ipynb", jupyter, JUPYTER_PATH=str(jupyter / "data"))
        assert (found.executable, found.assumed) == (prefixes[0] / "bin/python", False)

    def test_the_order_of_places(self, jupyter: Path, prefixes: tuple[Path, Path]) -> None:
        one, two = prefixes
        self.kernel(jupyter / "path", "both", f"{one}/bin/python")
        self.kernel(jupyter / "home/.local/share/jupyter", "both", f"{two}/bin/python")
        command = "papermill -k both a.ipynb b.ipynb"
        assert self.find(command, jupyter).executable == two / "bin/python"
        with_path = self.find(command, jupyter, JUPYTER_PATH=str(jupyter / "path"))
        assert with_path.executable == one / "bin/python"

    def test_variables_of_the_kernel(self, jupyter: Path, prefixes: tuple[Path, Path]) -> None:
        self.kernel(jupyter / "d", "k", f"{prefixes[1]}/bin/python", env={"PYTHONPATH": "src", "A": "${B}"})
        found = self.find("papermill -k k a.ipynb b.ipynb", jupyter, JUPYTER_PATH=str(jupyter / "d"))
        assert found.overrides == (("PYTHONPATH", "src"),)

    def test_another_language(self, jupyter: Path) -> None:
        program(jupyter / "bin/R", "\x7fELF")
        self.kernel(jupyter / "d", "ir", "R")
        found = self.find("papermill -k ir a.ipynb b.ipynb", jupyter, JUPYTER_PATH=str(jupyter / "d"))
        assert (found.executable, found.reason) == (None, "the notebook's kernel ir is no Python program")

    @pytest.mark.parametrize("command", ["papermill gone.ipynb b.ipynb", "papermill -k gone a.ipynb b.ipynb"])
    def test_a_kernel_that_is_not_known(
        self, command: str, jupyter: Path, prefixes: tuple[Path, Path]
    ) -> None:
        found = self.find(command, jupyter)
        assert (found.executable, found.assumed) == (prefixes[0] / "bin/python", True)
        assert found.reason is not None
        assert found.reason.endswith("Jupyter's own Python was taken")
