import importlib.util
import textwrap
from pathlib import Path
from types import SimpleNamespace

import pytest

_SPEC = importlib.util.spec_from_file_location(
    "cli_conftest", Path(__file__).parents[1] / "cli" / "conftest.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
_CLI = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_CLI)

tool = _CLI.tool
Tool = _CLI.Tool


@pytest.fixture
def show(tool):
    """Run a command and return its trial as ``show --json`` tells it; `code` is what it must exit with."""

    def show(*words, options=(), code=0, **others):
        done = tool("run", "-q", *options, "--", *words, code=code, **others)
        document = tool.document("show", "@")
        return SimpleNamespace(
            **done.__dict__,
            document=document,
            inputs={each["path"]: each["digest"] for each in document["inputs"]},
            outputs={each["path"]: each["digest"] for each in document["outputs"]},
            watching=document["observed"]["watching"],
            health={each["part"]: (each["state"], each["reason"] or "") for each in document["health"]},
            complete=document["recipe_complete"],
        )

    return show


@pytest.fixture
def script(tool):
    """Write a program into the project's directory; return its name."""

    def script(text, name="job.py"):
        (tool.path / name).write_text(textwrap.dedent(text))
        return name

    return script
