"""Generators seeded, entropy drawn, seeds enforced."""

import venv

import pytest


def test_seeds_are_told_with_file_and_line(run):
    script = run.write(
        "a.py",
        "import random, numpy as np, pickle\n"
        "from random import seed\n"
        "seed(1)\n"
        "random.seed('text')\n"
        "for _ in range(3): random.seed(2)\n"
        "random.Random(3)\n"
        "np.random.seed(4)\n"
        "np.random.seed([5, 6])\n"
        "np.random.seed(np.array([7, 8]))\n"
        "np.random.default_rng(9)\n"
        "np.random.default_rng(seed=np.int64(10))\n"
        "np.random.default_rng(np.random.default_rng(11))\n"
        "assert pickle.loads(pickle.dumps(random.seed)) is random.seed\n"
        "assert pickle.loads(pickle.dumps(np.random.seed)) is np.random.seed\n"
        "assert pickle.loads(pickle.dumps(np.random.default_rng)) is np.random.default_rng\n"
        "pickle.loads(pickle.dumps((random.Random(3), np.random.default_rng(9))))\n",
    )
    run(script)
    told = [
        (e["generator"], e["value"], int(e["where"].removeprefix(f"{script}:"))) for e in run.events("seeded")
    ]
    assert told == [
        ("random", 1, 3),
        ("random", "text", 4),
        ("random", 2, 5),
        ("random.Random", 3, 6),
        ("numpy", 4, 7),
        ("numpy", [5, 6], 8),
        ("numpy", [7, 8], 9),
        ("numpy.default_rng", 9, 10),
        ("numpy.default_rng", 10, 11),
        ("numpy.default_rng", 11, 12),
        ("random.Random", 3, 16),
        ("numpy.default_rng", 9, 16),
    ]
    assert run.events("entropy") == []
    assert run.events("probe_error") == []


def test_at_most_a_hundred_are_told(run):
    run("-c", "import random\nfor i in range(1000): random.seed(i)")
    assert len(run.events("seeded")) == 100


def test_unseeded_draws_are_told(run):
    script = run.write(
        "a.py",
        "import random, tempfile, numpy as np\n"
        "tempfile.mktemp()\n"
        "random.random()\n"
        "random.Random()\n"
        "np.random.default_rng()\n"
        "np.random.RandomState()\n"
        "np.random.rand()\n",
    )
    run(script)
    told = {(each["generator"], each["where"]) for each in run.events("entropy")}
    assert told == {
        ("random", f"{script}:3"),
        ("random.Random", f"{script}:4"),
        ("numpy", f"{script}:5"),
        ("numpy", f"{script}:6"),
        ("numpy", f"{script}:7"),
    }


@pytest.mark.parametrize(
    "text",
    [
        "import random, numpy",
        "import random; random.seed(1); random.random()",
        "import random; s = random.getstate(); random.random(); random.setstate(s); random.random()",
        "import numpy as np; np.random.seed(1); np.random.rand()",
        "import numpy as np; np.random.RandomState(3).rand(); np.random.default_rng(2); np.random.PCG64(1)",
        "import copy, numpy as np; copy.deepcopy((np.random.RandomState(3), np.random.default_rng(2)))",
        "from sklearn.utils import check_random_state; check_random_state(42)",
        "import random; r = random.Random(); r.seed(3); r.random()",
        "import random, pickle; pickle.loads(pickle.dumps(random.Random(3)))",
    ],
)
def test_seeded_or_unused_generators_draw_no_entropy(run, text):
    run("-c", text)
    assert run.events("entropy") == []


def test_seeding_from_the_system_is_entropy(run):
    script = run.write("a.py", "import random, numpy\nrandom.seed()\nnumpy.random.seed()\n")
    run(script)
    told = [(each["generator"], each["where"]) for each in run.events("entropy")]
    assert told == [("random", f"{script}:2"), ("numpy", f"{script}:3")]


DRAW = """
import random, numpy as np
print(random.random(), np.random.rand(), np.random.default_rng().random(), np.random.RandomState().rand())
print(np.random.SeedSequence().entropy)
"""


def test_an_enforced_seed_pins_every_generator(run):
    script = run.write("a.py", DRAW)
    first, second = run(script, seed=2**32 + 7).stdout, run(script, seed=2**32 + 7).stdout
    assert first == second
    assert first != run(script, seed=8).stdout
    told = {(each["generator"], each["value"]) for each in run.events("enforced")}
    assert {("random", 2**32 + 7), ("numpy", 7), ("numpy.default_rng", 2**32 + 7)} <= told
    assert run.events("entropy") == []
    assert run(script).stdout != run(script).stdout


def test_an_enforced_seed_is_the_one_that_the_program_could_have_set(run):
    load, draw = "import random, numpy as np\n", "print(random.random(), np.random.rand())"
    seeded = f"{load}random.seed(7); np.random.seed(7)\n{draw}"
    assert run("-c", load + draw, seed=7).stdout == run("-c", seeded, probe=False).stdout


def test_a_later_seed_of_the_program_wins(run):
    text = (
        "import random as r, numpy as np\nr.seed(1); np.random.seed(2)\nprint(r.random(), np.random.rand())"
    )
    assert run("-c", text, seed=7).stdout == run("-c", text, probe=False).stdout


def test_modules_imported_before_the_probe_are_seeded_at_once(run, tmp_path):
    venv.create(tmp_path / "env", symlinks=True)
    (site,) = (tmp_path / "env").glob("lib/python*/site-packages")
    (site / "early.pth").write_text("import random, argparse\n")
    python = tmp_path / "env" / "bin" / "python"
    outputs = {run("-c", "import random; print(random.random())", python=python, seed=5).stdout for _ in "ab"}
    assert len(outputs) == 1
    assert {each["value"] for each in run.events("enforced")} == {5}


def test_what_a_library_makes_while_it_is_imported_is_its_own_affair(run):
    library = (
        "import random, numpy; more = [numpy.random.default_rng(5), random.Random(6)]\n"
        "mine = [numpy.random.default_rng(), numpy.random.RandomState(), random.Random()]\n"
        "def draw(): return numpy.random.default_rng().random()\n"
    )
    run.write("site-packages/library.py", library)
    run.write("own/module.py", library + "import library\nlibrary.draw()\n")
    run("-c", "import module", path=[run.folder / "site-packages", run.folder / "own"])
    told = [(each["generator"], each["where"]) for each in run.events("entropy")]
    own = f"{run.folder}/own/module.py:2"
    assert sorted(told) == [
        ("numpy", own),
        ("numpy", f"{run.folder}/site-packages/library.py:3"),
        ("random.Random", own),
    ]
    assert [(each["value"], each["where"]) for each in run.events("seeded")] == [
        (5, f"{run.folder}/own/module.py:1"),
        (6, f"{run.folder}/own/module.py:1"),
    ]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_an_enforced_seed_in_children(run, method):
    script = run.write(
        "a.py",
        "import multiprocessing, random, numpy as np\n"
        "def work(queue):\n"
        "    queue.put((random.random(), np.random.default_rng().random()))\n"
        "if __name__ == '__main__':\n"
        f"    context = multiprocessing.get_context('{method}')\n"
        "    for _ in range(2):\n"
        "        queue = context.SimpleQueue()\n"
        "        child = context.Process(target=work, args=(queue,))\n"
        "        child.start(); print(queue.get()); child.join()\n",
    )
    first = run(script, seed=3).stdout
    assert first == run(script, seed=3).stdout
    one, two = first.splitlines()
    assert (one == two) is (method == "spawn")  # forks are told apart, fresh children are not
    assert run.events("probe_error") == []


def test_a_seed_that_is_no_number_is_left_alone(run):
    assert run("-c", "import random; print(1)", LEDGER_SEED="x").stdout == "1\n"
    assert run.events("enforced") == []


FAKE = """
calls = []
class random:
    pass
random.__name__ = "torch.random"
def manual_seed(seed):
    calls.append(seed)
    return "generator"
def seed():
    return 1
def initial_seed():
    return 99
random.manual_seed, random.seed = manual_seed, seed
def get_num_threads():
    return 3
def are_deterministic_algorithms_enabled():
    raise RuntimeError("cannot say")
__version__ = "9.9"
class version:
    cuda = None
"""
"""A stand-in that shows the order of calls and nothing else of torch."""


def test_the_order_of_seeding_a_stand_in_for_torch(run):
    run.write("lib/torch.py", FAKE)
    script = run.write(
        "a.py",
        "import torch\nprint(torch.manual_seed(4), torch.random.manual_seed(5), torch.seed(), torch.calls)\n",
    )
    done = run(script, path=[run.folder / "lib"], seed=7)
    assert done.stdout == "generator generator 1 [7, 4, 5]\n"
    assert [each["value"] for each in run.events("seeded")] == [4, 5]
    assert run.only("enforced") == {"event": "enforced", "generator": "torch", "value": 7}
    assert run.only("entropy")["generator"] == "torch"
    observed = run.only("observed")["torch"]
    assert observed == {"version": "9.9", "threads": 3, "initial_seed": 99, "cuda": None}
    assert run.only("probe_error")["where"] == "torch.are_deterministic_algorithms_enabled"


def test_a_draw_before_the_first_seed_is_told(run):
    script = run.write(
        "a.py",
        "import numpy as np\nnp.random.rand()\nnp.random.seed(1)\nnp.random.rand()\nnp.random.seed(2)\n",
    )
    run(script)
    assert run.only("entropy") == {
        "event": "entropy",
        "generator": "numpy (before it was seeded)",
        "where": f"{script}:3",
    }


def test_what_torch_gives_its_workers_is_no_seed_of_the_program(run):
    worker = run.write(
        "site-packages/torch/utils/data/_utils/worker.py",
        "import random, time\nrandom.seed(int(time.time()))\n",
    )
    run(worker)
    assert run.events("seeded") == run.events("entropy") == []


def test_random_words_of_a_seed_are_not_taken_for_the_time(run):
    run("-c", "import time, numpy as np\nnp.random.seed([int(time.time()), 5, 6])")
    assert run.events("entropy") == []


def test_a_worker_of_joblib_may_draw_for_the_script(run):
    text = "import random\nrandom.random()\n"
    run(run.write("site-packages/joblib/externals/loky/backend/x.py", text))
    assert run.only("entropy")["generator"] == "random"
    run(run.write("site-packages/library/y.py", text))
    assert run.events("entropy")[-1]["generator"] == "random (used by libraries only)"


def test_a_stand_in_for_tensorflow(run):
    run.write("lib/tensorflow/__init__.py", "from . import random\n")
    run.write("lib/tensorflow/random.py", "calls = []\ndef set_seed(seed): calls.append(seed)\n")
    text = "import tensorflow as tf\ntf.random.set_seed(4)\nprint(tf.random.calls)\n"
    assert run("-c", text, path=[run.folder / "lib"], seed=7).stdout == "[7, 4]\n"
    assert run.only("seeded")["generator"] == "tensorflow"


HARD_EXIT = "import os, random\nprint(random.random(), flush=True)\nos._exit(3)\n"
FORKED = """
import multiprocessing, random, sys
import numpy as np
def draw(kind):
    return {{"random": random.random, "numpy": np.random.rand, "none": int}}[kind]()
if __name__ == "__main__":
    {seed}
    child = multiprocessing.get_context("fork").Process(target=draw, args=(sys.argv[1],))
    child.start()
    child.join()
"""


def test_a_draw_before_a_hard_exit_is_told(run):
    script = run.write("a.py", HARD_EXIT)
    assert run(script, check=False).returncode == 3
    assert run.only("entropy") == {"event": "entropy", "generator": "random", "where": f"{script}:2"}


def test_a_thread_that_ends_the_process_is_not_held(run):
    """While the main thread hangs, with a lock that a look might want."""
    text = (
        "import os, random, threading, time\n"
        "random.getstate = lambda: time.sleep(1000)\n"
        "threading.Timer(0.1, os._exit, (4,)).start()\n"
        "time.sleep(1000)\n"
    )
    assert run("-c", text, check=False).returncode == 4


@pytest.mark.parametrize(
    ("kind", "seed", "generator"),
    [
        ("random", "pass", "random"),
        ("random", "random.seed(1)", "random (in a forked process)"),
        ("numpy", "pass", "numpy"),
        ("numpy", "np.random.seed(1)", None),
        ("none", "np.random.seed(1); random.seed(1); random.random()", None),
    ],
)
def test_a_draw_in_a_forked_child_is_told(run, kind, seed, generator):
    """Python seeds `random` anew in it, whatever its parent did; numpy goes on as a copy."""
    run(run.write("a.py", FORKED.format(seed=seed)), kind)
    assert [each["generator"] for each in run.events("entropy")] == [generator] * (generator is not None)


def test_a_child_does_not_judge_what_its_parent_may_seed_yet(run):
    text = (
        "import os, random\nr = random.Random()\nif not os.fork(): raise SystemExit\nos.wait()\nr.seed(1)\n"
    )
    run("-c", text)
    assert run.events("entropy") == []


HELD = """
import os, threading
import numpy
lock, forked = numpy.random.mtrand._rand._bit_generator.lock, threading.Event()
held = threading.Event()
def hold():
    with lock:
        held.set()
        forked.wait()
thread = threading.Thread(target=hold)
thread.start()
held.wait()
child = os.fork()
if not child:
    os._exit(0)
forked.set()
thread.join()
print(os.waitpid(child, 0)[1])
"""


def test_a_forked_child_does_not_wait_for_a_generator_that_a_thread_held(run):
    pytest.importorskip("numpy")
    assert run("-c", HELD).stdout == "0\n"


def test_an_enforced_seed_reaches_a_forked_child(run):
    script = run.write("a.py", FORKED.format(seed="random.seed(1)"))
    run(script, "random", seed=5)
    assert run.events("entropy") == []
