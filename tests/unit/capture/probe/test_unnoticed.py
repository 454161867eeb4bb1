"""The program does not notice the probe: its errors, warnings and imports are as ever."""

import sys
import zipfile

import pytest

PYTHON = sys.executable


def test_a_hook_that_fails_is_recorded_and_nothing_else(run):
    run.write("lib/torch.py", "def __getattr__(name):\n    raise RuntimeError('no ' + name)\nVALUE = 1\n")
    done = run("-c", "import torch; print(torch.VALUE)", path=[run.folder / "lib"])
    assert (done.stdout, done.stderr) == ("1\n", "")
    errors = run.events("probe_error")
    assert {"event": "probe_error", "where": "import torch", "error": "RuntimeError: no random"} in errors


def test_a_value_that_cannot_be_shown(run):
    script = run.write(
        "a.py",
        "import argparse\n"
        "class Odd:\n"
        "    def __repr__(self): raise KeyError('odd')\n"
        "    def __eq__(self, other): raise KeyError('equal')\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('--odd', default=Odd())\n"
        "parser.add_argument('--lr', default=1.5)\n"
        "print(parser.parse_args().lr)\n",
    )
    assert run(script).stdout == "1.5\n"
    values = run.values()
    assert values["odd"]["opaque"] is True
    assert values["odd"]["value"] is None
    assert values["lr"]["value"] == 1.5
    assert "KeyError: 'odd'" in run.events("probe_error")[0]["error"]


PARSER = "import argparse\np = argparse.ArgumentParser(%s)\n"
FAILING = {
    "seed": "import random\ndef f():\n    random.seed([1])\nf()\n",
    "instance": "import random\ndef f():\n    random.Random({})\nf()\n",
    "numpy": "import numpy as np\nnp.random.seed(-1)\n",
    "default_rng": "import numpy as np\nnp.random.default_rng(1.5)\n",
    "reseeding": "import numpy as np\nnp.random.RandomState(np.random.PCG64(1)).seed(2)\n",
    "type": PARSER % "" + "p.add_argument('x', type=lambda s: {}[s])\np.parse_args(['k'])\n",
    "error": PARSER % "exit_on_error=False" + "p.add_argument('--n', type=int)\np.parse_args(['--n', 'k'])\n",
    "usage": PARSER % "" + "p.add_argument('--n', type=int)\np.parse_args(['-x'])\n",
    "import": "try:\n    import torch\nexcept ImportError as e:\n    print(e)\nimport torch\n",
}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="before 3.11 the wrapper's frame shows")
@pytest.mark.parametrize("text", FAILING.values(), ids=FAILING)
def test_errors_look_as_ever(run, text):
    run.write("lib/torch.py", "def f():\n    raise ImportError('no libcuda')\nf()\n")
    done = run.same(run.write("a.py", text), path=[run.folder / "lib"])
    assert done.returncode != 0


def test_errors_while_importing_look_as_ever(run):
    run.write("lib/torch.py", "def f():\n    return {}['cuda']\nf()\n")
    assert "KeyError" in run.same(run.write("a.py", "import torch\n"), path=[run.folder / "lib"]).stderr


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", None])
def test_warnings_name_the_users_line(run, other_python, version):
    python = PYTHON if version is None else other_python(version)
    run.write(
        "lib/torch.py",
        "import warnings\ndef seed(): pass\n"
        "def manual_seed(seed): warnings.warn('old', DeprecationWarning, stacklevel=2)\n",
    )
    script = run.write("a.py", "import torch, random\ntorch.manual_seed(1)\nrandom.seed(1.5)\n")
    done = run.same("-W", "always", script, python=python, path=[run.folder / "lib"])
    assert "a.py:2: DeprecationWarning: old" in done.stderr
    assert not run.same("-W", "error", "-X", "dev", "-bb", "-c", "import random", python=python).stderr


def test_an_interrupt_in_a_seed_passes(run):
    run.write("lib/torch.py", "def manual_seed(seed):\n    raise KeyboardInterrupt\ndef seed(): pass\n")
    text = "import torch\ntry:\n    torch.manual_seed(1)\nexcept KeyboardInterrupt:\n    print('through')\n"
    assert run.same(run.write("a.py", text), path=[run.folder / "lib"]).stdout == "through\n"


def test_find_spec_reload_and_lazy_loading_still_work(run):
    run.write("lib/torch/__init__.py", "from . import random\ndef manual_seed(s): pass\ndef seed(): pass\n")
    run.write("lib/torch/random.py", "x = 1\n")
    script = run.write(
        "a.py",
        "import importlib, importlib.util, sys\n"
        "spec = importlib.util.find_spec('torch')\n"
        "print(type(spec.loader), spec.origin, spec.submodule_search_locations)\n"
        "print(importlib.util.find_spec('tensorflow'), importlib.util.find_spec('numpy.random').name)\n"
        "import torch\n"
        "print(vars(torch.__spec__.loader), torch.__spec__.loader is torch.__loader__)\n"
        "import random\n"
        "importlib.reload(random).seed(3)\n"
        "print(random.random())\n"
        "spec = importlib.util.find_spec('argparse')\n"
        "spec.loader = importlib.util.LazyLoader(spec.loader)\n"
        "lazy = importlib.util.module_from_spec(spec)\n"
        "sys.modules['argparse'] = lazy\n"
        "spec.loader.exec_module(lazy)\n"
        "print(lazy.ArgumentParser().parse_args([]), lazy.__spec__.loader)\n",
    )
    run.same(script, path=[run.folder / "lib"])
    assert len(run.events("arguments")) == 1


FINDERS = {
    "asks": (
        "    asked = set()\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name in self.asked: return None\n"
        "        self.asked.add(name)\n"
        "        return importlib.util.find_spec(name)\n"
    ),
    "loops": (
        "    def find_spec(self, name, path=None, target=None):\n"
        "        for each in sys.meta_path:\n"
        "            spec = each.find_spec(name, path, target) if each is not self else None\n"
        "            if spec: return spec\n"
    ),
}


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("body", FINDERS.values(), ids=FINDERS)
def test_a_finder_that_asks_the_import_system_itself(run, body, place):
    script = run.write(
        "a.py",
        f"import importlib.util, sys\nclass Asking:\n{body}sys.meta_path.insert({place}, Asking())\n"
        "import random\nrandom.seed(4); print(random.random())\n",
    )
    run.same(script)
    assert run.only("seeded")["value"] == 4


def test_modules_in_a_zip_archive(run):
    with zipfile.ZipFile(run.folder / "lib.zip", "w") as archive:
        archive.writestr("torch.py", "def manual_seed(s): print('seed', s)\ndef seed(): pass\n")
        archive.writestr("other.py", "x = 2\n")
    text = "import torch, other\ntorch.manual_seed(9)\nprint(other.x, vars(torch).get('__loader__'))\n"
    run.same(run.write("a.py", text), path=[run.folder / "lib.zip"])
    assert run.only("seeded")["value"] == 9


def test_a_loader_that_cannot_be_watched_is_told(run):
    script = run.write(
        "a.py",
        "import sys, importlib.machinery as m\n"
        "class Fixed:\n"
        "    @staticmethod\n"
        "    def create_module(spec): return None\n"
        "    @staticmethod\n"
        "    def exec_module(module): module.x = 1\n"
        "    @classmethod\n"
        "    def find_spec(cls, name, path=None, target=None):\n"
        "        return m.ModuleSpec(name, cls) if name == 'torch' else None\n"
        "sys.meta_path.insert(0, Fixed)\n"
        "import torch\nprint(torch.x)\n",
    )
    assert run(script).stdout == "1\n"
    assert run.events("probe_error") == []  # found before us: not even seen
    text = script.read_text().replace("insert(0, ", "append(")
    assert run(run.write("b.py", text)).stdout == "1\n"
    assert "cannot be watched" in run.only("probe_error")["error"]
