from dataclasses import replace

import pytest

from ledger.model import Difference, Entropy, Gpu, Host, Observed, SeededGenerator, ThreadPool
from ledger.ops.causes import Evidence, causes


def observed(**fields):
    return Observed(**{"affinity": 2} | fields)


PATHS = "another processor, on which numeric libraries take other paths: "
HOST = Host(
    hostname="box",
    machine="x86_64",
    system="Linux 6.1",
    cpu="Xeon",
    cpu_flags=("avx2", "avx512f"),
    cpus=8,
    memory=1,
    gpus=(),
    driver=None,
    user="ann",
    container=None,
)


def said(**evidence):
    return [f"{each.cause}: {each.evidence}" for each in causes(Evidence(**evidence))]


def drift(path="numpy", expected="1", got="2", detail=None):
    return Difference(part="environment", path=path, expected=expected, got=got, detail=detail, counted=False)


def test_the_likeliest_comes_first():
    found = said(
        drift=(drift(),),
        seen=observed(
            threads=(ThreadPool(library="a", api="openblas", threads=8),),
            entropy=(Entropy(generator="random", where="/w/a.py:1"),),
            settings=(("python.hash_seed", "random"),),
        ),
        now=observed(affinity=3, threads=(ThreadPool(library="a", api="openblas", threads=2),)),
        hosts=(HOST, replace(HOST, cpu_flags=("avx2",))),
        unrecorded="a stream",
        absent=("a",),
        problems=("gone",),
        root="/w",
        suspect=lambda name: "a.py:9" if name == "clock" else None,
    )
    assert found == [
        "the environment is not the recorded one: numpy: 1 → 2",
        "another number of threads, which changes the order of sums: openblas: 8 then, 2 now",
        "another number of processors: 2 then, 3 now",
        PATHS + "Xeon then, Xeon now; avx512f missing now",
        "a generator without a seed: random drew fresh entropy at a.py:1",
        "an input that is not in its record: inputs: a stream",
        "files were recorded without their content: a",
        "a record is damaged: gone",
    ]


def test_what_may_always_be_is_named_where_nothing_was_seen_to_differ():
    found = said(
        seen=observed(settings=(("python.hash_seed", "random"),)),
        now=observed(),
        suspect=lambda name: "a.py:9" if name in ("clock", "process", "workers") else None,
        unrecorded="a stream",
    )
    assert [each.partition(":")[0] for each in found] == [
        "an input that is not in its record",
        "workers",
        "the order of sets, if the program goes through one of text",
        "the clock, if what it says gets into a result",
        "the id of the process, if it gets into a result",
    ]


def test_the_same_conditions_explain_nothing_and_that_is_said():
    (cause,) = causes(Evidence(seen=observed(), now=observed(), hosts=(HOST, replace(HOST, system="x"))))
    assert cause.cause == "nothing that was observed explains it"
    assert "--vary all" in cause.hint
    assert "-n 5" in cause.hint


def test_a_failure_explains_itself_and_order_and_clock_do_not():
    found = said(
        drift=(drift(),),
        seen=observed(settings=(("python.hash_seed", "random"),)),
        suspect=lambda name: "a.py:9" if name == "clock" else None,
        failure="exit code 1: KeyError: 'x'",
    )
    assert found == [
        "the command failed this time: exit code 1: KeyError: 'x'",
        "the environment is not the recorded one: numpy: 1 → 2",
    ]


def test_a_hash_seed_that_was_set_is_no_cause():
    found = said(seen=observed(settings=(("python.hash_seed", "7"),)), now=observed())
    assert found[0].startswith("nothing that was observed")


def test_a_hash_seed_that_was_not_set_is_told_as_the_order_of_sets():
    settings = [observed(settings=(("python.hash_seed", each),)) for each in ("random", "0")]
    (found,) = said(seen=settings[0], now=settings[1])
    assert found.startswith("the order of sets")


def test_only_settings_that_both_have_are_compared():
    seen = observed(settings=(("numpy.version", "1"), ("torch.deterministic", "True"), ("x", "1")))
    now = observed(settings=(("numpy.version", "2"), ("torch.deterministic", "False")))
    assert said(seen=seen, now=now) == ["libraries with other settings: torch.deterministic: True → False"]


def test_threads_of_a_library_that_only_one_side_loaded_are_not_compared():
    seen = observed(threads=(ThreadPool(library="a", api="mkl", threads=8),))
    assert said(seen=seen, now=observed())[0].startswith("nothing")


@pytest.mark.parametrize(
    ("changes", "evidence"),
    [
        ({"gpus": (Gpu(name="H200", uuid=None),)}, "none (driver None) then, H200 (driver None) now"),
        ({"driver": "550"}, "none (driver None) then, none (driver 550) now"),
    ],
)
def test_another_accelerator(changes, evidence):
    assert said(hosts=(HOST, replace(HOST, **changes))) == [f"another accelerator or driver: {evidence}"]


def test_a_newer_processor_has_what_the_older_one_had_not():
    (found,) = said(hosts=(HOST, replace(HOST, cpu="Epyc", cpu_flags=("avx2", "avx512f", "amx", "sve"))))
    assert found.endswith("Xeon then, Epyc now; amx, sve new")


@pytest.mark.parametrize("recreated", [False, True])
def test_a_drifted_environment_that_was_made_again_is_not_to_be_made_again(recreated):
    same = drift("package a", "1", "1", "the same version with other files")
    (cause,) = causes(Evidence(drift=(same,), recreated=recreated))
    assert cause.evidence == "package a 1: the same version with other files"
    assert ("--env recreate" in cause.hint) is not recreated
    assert ("UV_INDEX" in cause.hint) is recreated


@pytest.mark.parametrize(
    ("versions", "possible"),
    [(("1", "1"), True), ((None, "1"), True), (("1", "2"), False), (("1", None), False)],
)
def test_another_build_of_a_package_does_not_hide_what_is_possible(versions, possible):
    found = said(
        drift=(drift("package a", *versions, "detail"),),
        seen=observed(settings=(("python.hash_seed", "random"),)),
        now=observed(),
        suspect=lambda name: "train.py:1" if name == "clock" else None,
    )
    assert found[0].startswith("the environment is not the recorded one")
    assert [each.partition(",")[0] for each in found[1:]] == ["the order of sets", "the clock"] * possible


def test_of_packages_those_that_changed_are_named_first():
    found = drift("a", None, "1"), drift("b", "1", None), drift("c", "1", "2"), drift("d", "3", "4")
    (said_of,) = said(drift=found)
    assert said_of.endswith(": c: 1 → 2; d: 3 → 4; b: 1 → none and 1 more")


def test_an_enforced_seed_leaves_nothing_to_draw():
    seed = SeededGenerator(generator="random", value="1", enforced=True, where=None)
    assert said(seen=observed(seeded=(seed,)), now=observed())[0].startswith("nothing")
