"""Worker processes of pools that others wrote are met as well."""

import pytest

POOLS = {
    "concurrent.futures, fork": "ProcessPoolExecutor(2, mp_context=get_context('fork'))",
    "concurrent.futures, spawn": "ProcessPoolExecutor(2, mp_context=get_context('spawn'))",
    "concurrent.futures, forkserver": "ProcessPoolExecutor(2, mp_context=get_context('forkserver'))",
    "loky": "get_reusable_executor(max_workers=2)",
}


@pytest.mark.parametrize("name", POOLS)
def test_pools(run, name):
    if name == "loky":
        pytest.importorskip("joblib")
    script = run.write(
        "pool.py",
        "import random\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from multiprocessing import get_context\n"
        + ("from joblib.externals.loky import get_reusable_executor\n" if name == "loky" else "")
        + "def work(n):\n"
        "    random.seed(n)\n"
        "    random.SystemRandom().random()\n"
        "    return random.random()\n"
        "if __name__ == '__main__':\n"
        f"    with {POOLS[name]} as pool:\n"
        "        print(list(pool.map(work, [5, 6])))\n",
    )
    run.same(script)
    line = script.read_text().splitlines().index("    random.seed(n)") + 1
    seen = [each for each in run.events("seeded") if each["where"] == f"{script}:{line}"]
    assert {each["value"] for each in seen} == {5, 6}
    assert f"{script}:{line + 1}" in {each["where"] for each in run.events("entropy")}


def test_joblib(run):
    pytest.importorskip("joblib")
    script = run.write(
        "jobs.py",
        "import random\n"
        "from joblib import Parallel, delayed\n"
        "def work(n):\n"
        "    random.seed(n)\n"
        "    return random.random()\n"
        "if __name__ == '__main__':\n"
        "    print(Parallel(n_jobs=2)(delayed(work)(n) for n in (5, 6)))\n",
    )
    run.same(script)
    assert {5, 6} <= {each["value"] for each in run.events("seeded")}
