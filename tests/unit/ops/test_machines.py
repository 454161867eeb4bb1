from dataclasses import replace

import pytest

from ledger.cli import marks
from ledger.model import Digest, Host, TrialReplayed, Verdict
from ledger.model.codec import encode
from ledger.ops.machines import Machines
from ledger.ops.trials import Receipt
from ledger.store.memory import MemoryStore

HOST = Host(
    hostname="box",
    machine="x86_64",
    system="Linux 6.1",
    cpu="Xeon",
    cpu_flags=(),
    cpus=2,
    memory=1,
    gpus=(),
    driver=None,
    user="ann",
    container=None,
)
SAME, OTHER = Verdict.IDENTICAL, Verdict.DIVERGED


@pytest.mark.parametrize(
    ("receipts", "expected"),
    [
        ([], 0),
        ([({}, SAME), ({}, Verdict.EQUIVALENT)], 1),
        ([({}, SAME), ({"hostname": "other"}, SAME)], 2),
        ([({}, SAME), ({"cpu": "Epyc"}, SAME)], 2),
        ([({}, SAME), ({"system": "Linux 6.2", "driver": "550"}, SAME)], 1),
        ([({}, OTHER), ({"hostname": "other"}, SAME)], 1),
    ],
)
def test_machines_that_agreed_are_counted_once(receipts, expected):
    store = MemoryStore()
    made = [receipt(store.put(encode(replace(HOST, **changes))), verdict) for changes, verdict in receipts]
    assert Machines(store).that_agreed(made) == expected


def test_a_changed_condition_is_no_agreement_and_a_lost_host_a_machine_of_its_own():
    store = MemoryStore()
    known = store.put(encode(HOST))
    made = [receipt(known, SAME), receipt(Digest.of(b"gone"), SAME), receipt(known, SAME, "umask: 2 → 7")]
    assert Machines(store).that_agreed(made) == 2
    assert Machines(store).that_agreed(made[2:]) == 0


def test_only_several_are_told():
    assert marks.replays(["identical"], 1)[0] == "identical"
    assert marks.replays(["identical"] * 2, 2)[0] == "identical ×2 on 2 machines"


def receipt(host, verdict, *varied):
    replay = TrialReplayed(
        trial=Digest.of(b"trial"),
        verdict=verdict,
        differences=(),
        causes=(),
        mode="current",
        rtol=0.0,
        atol=0.0,
        strict=False,
        environment=None,
        host=host,
        observed=None,
        outcome=None,
        varied=varied,
    )
    return Receipt(id=Digest.of(b"receipt"), time=1, replay=replay)
