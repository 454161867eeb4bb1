"""Draws from the operating system's randomness, seeds from the clock, and global generators left unseeded."""

import pytest


def told(run, script):
    return [(e["generator"], (e["where"] or "").removeprefix(f"{script}:")) for e in run.events("entropy")]


def test_draws_are_told_by_line(run):
    script = run.write(
        "a.py",
        "import os, random, secrets, uuid\n"
        "from os import urandom\n"
        "class Token: draw = os.urandom\n"
        "Token().draw(3)\n"
        "for _ in range(3): urandom(4)\n"
        "uuid.uuid4()\n"
        "uuid.uuid1()\n"
        "secrets.token_hex()\n"
        "random.SystemRandom().random()\n"
        "os.getrandom(3)\n",
    )
    run(script)
    assert told(run, script) == [
        ("os.urandom", "4"),
        ("os.urandom", "5"),
        ("uuid.uuid4", "6"),
        ("uuid.uuid1", "7"),
        ("secrets", "8"),
        ("random.SystemRandom", "9"),
        ("os.getrandom", "10"),
    ]
    assert run.events("probe_error") == []


def test_what_libraries_draw_for_themselves_is_not_told(run):
    run.write("site-packages/library.py", "import os, uuid\ndef name(): return os.urandom(3), uuid.uuid4()\n")
    text = (
        "import tempfile, multiprocessing, numpy, library, os\n"
        "with tempfile.NamedTemporaryFile(): library.name()\n"
        "numpy.random.default_rng(3)\n"
    )
    run("-c", text, path=[run.folder / "site-packages"])
    assert run.events("entropy") == []


def test_a_draw_of_numpy_is_told_as_numpys_alone(run):
    script = run.write("a.py", "import numpy\nnumpy.random.default_rng()\n")
    run(script)
    assert told(run, script) == [("numpy", "2")]


def test_the_functions_look_and_fail_as_ever(run):
    text = (
        "import copy, inspect, os, pickle, random, sys\n"
        "assert pickle.loads(pickle.dumps(os.urandom)) is os.urandom is copy.deepcopy(os.urandom)\n"
        "print(pickle.dumps(os.urandom), inspect.signature(os.urandom), os.urandom, os.urandom.__name__)\n"
        "print(os.urandom.__module__, os.urandom.__qualname__, os.urandom.__doc__, callable(os.urandom))\n"
        "import posix; print(posix.urandom is os.urandom, random._urandom is os.urandom)\n"
        "try: os.urandom('x')\n"
        "except TypeError as error: print(error)\n"
        "os.urandom(-1)\n"
    )
    assert "negative argument" in run.same("-c", text).stderr


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.12", "3.13"])
def test_other_pythons(run, other_python, version):
    text = (
        "import os, pickle, random, secrets, time, uuid\n"
        "os.urandom(3)\nuuid.uuid4()\nsecrets.token_hex()\nrandom.SystemRandom().random()\n"
        "assert pickle.loads(pickle.dumps(os.urandom)) is os.urandom\n"
        "random.seed(time.time_ns())\n"
    )
    script = run.write("a.py", text)
    run.same(script, python=other_python(version))
    assert [generator for generator, _ in told(run, script)] == [
        *("os.urandom", "uuid.uuid4", "secrets", "random.SystemRandom", "random (seeded from the clock)")
    ]
    assert run.events("probe_error") == []


def test_a_random_that_was_imported_before_the_probe(run, tmp_path):
    import venv

    venv.create(tmp_path / "env", symlinks=True)
    (site,) = (tmp_path / "env").glob("lib/python*/site-packages")
    (site / "early.pth").write_text("import random\n")
    script = run.write("a.py", "import random\nrandom.SystemRandom().random()\n")
    run(script, python=tmp_path / "env" / "bin" / "python")
    assert told(run, script) == [("random.SystemRandom", "2")]


CLOCK = """
import os, random, time
import numpy as np
random.seed({0})
np.random.seed(int({0}) % 2**32)
"""


@pytest.mark.parametrize(
    "seed",
    [
        "time.time()",
        "int(time.time())",
        "int(time.time() * 1000)",
        "time.time_ns() // 1000",
        "time.time_ns()",
    ],
)
def test_seeds_from_the_clock_are_told(run, seed):
    script = run.write("a.py", CLOCK.format(seed))
    run(script)
    assert told(run, script) == [
        ("random (seeded from the clock)", "4"),
        ("numpy (seeded from the clock)", "5"),
    ]


@pytest.mark.parametrize("seed", ["str(time.time())", "f'{time.time_ns()}'", "repr(int(time.time()))"])
def test_a_seed_that_spells_the_clock_is_told(run, seed):
    script = run.write("a.py", f"import random, time\nrandom.seed({seed})\n")
    run(script)
    assert told(run, script) == [("random (seeded from the clock)", "2")]


def test_a_seed_that_is_the_process_id_is_told(run):
    # Small numbers of processes are often chosen as seeds: what such a machine gives is not told.
    text = "import os, random\nos.getpid = lambda: 4321\nrandom.Random(os.getpid())\n"
    script = run.write("a.py", text)
    run(script)
    assert told(run, script) == [("random.Random (seeded from the process id)", "3")]


@pytest.mark.parametrize(
    "seed", [0, 1, 42, 1234, 20_261_124, 2**31, 2**32 - 1, -1, 0.5, "'text'", "'nan'", "'42'", "True", 10**30]
)
def test_seeds_that_somebody_chose_are_not_the_clocks(run, seed):
    run("-c", f"import random; random.seed({seed})")
    assert run.events("entropy") == []


def test_a_global_generator_is_told_by_the_line_that_uses_it(run):
    run.write("data.py", "import numpy as np\n# np.random.rand()\ndef shuffle(x): np.random.shuffle(x)\n")
    script = run.write("a.py", "from random import random\nimport data\nrandom(); data.shuffle([1, 2, 3])\n")
    run(script)
    assert {(e["generator"], e["where"]) for e in run.events("entropy")} == {
        ("random", f"{script}:1"),
        ("numpy", f"{run.folder}/data.py:3"),
    }


def test_a_global_generator_that_only_libraries_use(run):
    run.write("site-packages/library.py", "import random\ndef name(): return random.random()\n")
    script = run.write("a.py", "import library\nlibrary.name()\n")
    run(script, path=[run.folder / "site-packages"])
    assert told(run, script) == [("random (used by libraries only)", "")]


@pytest.mark.slow
def test_lines_that_let_scikit_learn_draw(run):
    script = run.write(
        "a.py",
        "from sklearn.utils import check_random_state, shuffle\n"
        "check_random_state(3).rand()\n"
        "shuffle([1, 2, 3])\n"
        "shuffle([1, 2, 3], random_state=1)\n",
    )
    run(script)
    assert ("numpy", "3") in told(run, script)
    assert len([each for each in told(run, script) if each[0] == "numpy"]) == 1


def test_scikit_learn_with_a_seeded_generator_is_no_news(run):
    run("-c", "import numpy; numpy.random.seed(1)\nfrom sklearn.utils import shuffle; shuffle([1, 2, 3])")
    assert [each for each in run.events("entropy") if each["generator"] == "numpy"] == []


TORCH = """
class State(list):
    tolist = lambda self: self
state = State([1, 2])
def get_rng_state(): return State(state)
def rand(): state[0] += 1
def manual_seed(seed): state[0] = seed
def seed(): pass
def set_rng_state(new): state[:] = new
class nn:
    def Linear(*_): rand()
"""


@pytest.mark.parametrize(
    ("text", "entropy"),
    [
        ("torch.rand()", [("torch", "2")]),
        ("torch.manual_seed(7); torch.rand()", []),
        ("torch.nn.Linear(3, 4)", [("torch", "2")]),
        ("torch.set_rng_state([3, 4]); torch.rand()", []),
        ("import library; library.restore(); torch.rand()", [("torch", "2")]),
        ("pass", []),
    ],
)
def test_a_stand_in_for_an_unseeded_torch(run, text, entropy):
    site = run.folder / "site-packages"
    run.write("site-packages/torch.py", TORCH)
    run.write("site-packages/library.py", "import torch\ndef restore(): torch.set_rng_state([5, 6])\n")
    script = run.write("a.py", f"import torch\n{text}\n")
    run(script, path=[site])
    assert told(run, script) == entropy


def test_a_stand_in_for_jax(run):
    run.write("lib/jax/__init__.py", "")
    run.write("lib/jax/random.py", "def PRNGKey(seed): return [0, seed]\ndef key(seed): return seed\n")
    script = run.write(
        "a.py", "import jax.random, time\njax.random.PRNGKey(4)\njax.random.key(seed=time.time_ns())\n"
    )
    run(script, path=[run.folder / "lib"])
    assert [(each["generator"], each["where"]) for each in run.events("seeded")] == [
        ("jax", f"{script}:2"),
        ("jax", f"{script}:3"),
    ]
    assert told(run, script) == [("jax (seeded from the clock)", "3")]
