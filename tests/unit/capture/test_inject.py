import os
import shutil
from pathlib import Path

from ledger.capture.inject import PROBE, child_variables, without_ours


def child(variables, seed=None, **others):
    return child_variables(
        variables, trial="b3:00", spool=Path("/spool"), ledger=Path("/ledger"), seed=seed or {}, **others
    )


def test_nothing_else_is_added():
    users = {"PATH": "/bin", "MY_VARIABLE": "x"}
    given = child(users)
    ours = ("LEDGER_TRIAL", "LEDGER_SPOOL", "LEDGER_DIR", "PYTHONPATH")
    assert {name: given.pop(name) for name in ours} == {
        "LEDGER_TRIAL": "b3:00",
        "LEDGER_SPOOL": "/spool",
        "LEDGER_DIR": "/ledger",
        "PYTHONPATH": str(PROBE),
    }
    assert given == users


def test_what_stops_a_trial_is_never_the_users():
    assert child({}, stopping={"LEDGER_RUNGS": "1,3"})["LEDGER_RUNGS"] == "1,3"
    outer = child({"A": "b"}, stopping={"LEDGER_STOP": "3"})
    assert without_ours(outer) == {"A": "b"}


def test_the_users_own_path_comes_after_the_probe():
    assert child({"PYTHONPATH": "/a:/b"})["PYTHONPATH"] == f"{PROBE}:/a:/b"
    assert child({"PYTHONPATH": ""})["PYTHONPATH"] == str(PROBE)
    assert child({}, probe=Path("/copy"))["PYTHONPATH"] == "/copy"


def test_a_seed_is_only_this_ones():
    assert not {"LEDGER_SEED", "LEDGER_SEEDS"} & child({"LEDGER_SEED": "3", "LEDGER_SEEDS": "{}"}).keys()
    seeded = child({"PYTHONHASHSEED": "random"}, seed={"LEDGER_SEED": "4", "PYTHONHASHSEED": "4"})
    assert (seeded["LEDGER_SEED"], seeded["PYTHONHASHSEED"]) == ("4", "4")


def test_taking_ours_away_gives_the_users_own_back():
    for users in ({"PATH": "/bin"}, {"PYTHONPATH": "/a:/b", "X": "1"}):
        assert without_ours(child(users)) == users


def test_a_probe_that_was_copied_is_known_too(tmp_path):
    copy = tmp_path / "probe"
    shutil.copytree(PROBE, copy)
    assert without_ours({"PYTHONPATH": f"{copy}{os.pathsep}/a"}) == {"PYTHONPATH": "/a"}
    assert without_ours({"PYTHONPATH": str(copy)}) == {}


def test_a_path_with_an_empty_member_keeps_it():
    # An empty member is the working directory.
    assert without_ours({"PYTHONPATH": f"{PROBE}::/a"})["PYTHONPATH"] == ":/a"


def test_an_outer_seed_is_not_the_users():
    outer = child({"PATH": "/bin"}, seed={"LEDGER_SEED": "4", "PYTHONHASHSEED": "4"})
    assert without_ours(outer) == {"PATH": "/bin"}


def test_a_hash_seed_of_the_users_own_stays():
    assert without_ours(child({"PYTHONHASHSEED": "7"})) == {"PYTHONHASHSEED": "7"}


def test_the_users_word_on_the_image_stays() -> None:
    assert without_ours({"LEDGER_IMAGE": "sha256:1", "LEDGER_SPOOL": "x"}) == {"LEDGER_IMAGE": "sha256:1"}
