import os
from dataclasses import replace

import pytest

from ledger import model
from ledger.model import Digest
from ledger.model.entry import KNOWN
from ledger.model.jsonform import to_json
from ledger.model.search import Search
from ledger.model.space import Domain, Objective, Parameter, Space
from ledger.ops import documents, result_documents, searches
from ledger.ops.diff import compare
from ledger.ops.differences import SECTIONS
from ledger.ops.verify import verify

ODD = os.fsdecode(b"caf\xe9 \n\x01")


@pytest.fixture
def rich(maker):
    """A ledger with a bit of everything in it."""
    nan = float("nan")
    maker.full = maker.made(
        name="base",
        experiment="sweep",
        message="why",
        tags=("best",),
        params={"lr": 0.1, "layers": (1, (2, 3)), "none": None, ODD: "x", "text": ODD, "inf": float("inf")},
        metrics={"loss": [(0, nan), (1, float("-inf"))], "odd é\n": 1.0},
        inputs={ODD: b"1", "/abs": b"2"},
        outputs={"out": b"3", f"d/{ODD}": b"4"},
        code={ODD: b"5", "train.py": b"6"},
        argv=("python", ODD),
        environment=replace(maker.environment, variables=(("ODD", ODD),)),
        seed=3,
        observed=model.Observed(
            affinity=2,
            interpreters=(model.Interpreter(executable="/p", base="/q", version="3.11.7", has_ledger=False),),
            threads=(model.ThreadPool(library="libopenblas.so", api="openblas", threads=2),),
            libraries=("libopenblas.so",),
            seeded=(model.SeededGenerator(generator="numpy", value="3", enforced=True, where=None),),
            entropy=(model.Entropy(generator="numpy", where="train.py:3"),),
            variables=(("RANK", "0"),),
            processes=1,
        ),
        health=(model.HealthLine(part="inputs", state=model.HealthState.PARTIAL, reason="no tracer"),),
    )
    maker.running, _ = maker.start(parent=maker.full.id)
    difference = model.Difference(part="outputs", path=ODD, expected=str(maker.full.id), got=None, detail="x")
    cause = model.Cause(cause="threads", evidence="1 and 2", hint="set OMP_NUM_THREADS")
    maker.receipt = maker.replay(
        maker.full.id, model.Verdict.DIVERGED, differences=(difference,), causes=(cause,), rtol=float("inf")
    )
    maker.replay(maker.full.id, model.Verdict.INCOMPARABLE, environment=None, outcome=None)
    maker.journal.append(model.Note(trial=maker.full.id, text="# so", author="ann"))
    maker.journal.append(model.Note(experiment="sweep", text="all", author="ann"))
    maker.journal.append(model.Tag(trial=maker.full.id, name="best", removed=True))
    maker.journal.append(
        model.Allowance(
            trial=maker.full.id, experiment=None, part="metrics", path="loss", rtol=0.0, atol=0.0, replays=()
        )
    )
    maker.journal.append(model.ExperimentCreated(name="sweep", definition={"space": {"lr": [0, 1]}}))
    maker.search = maker.journal.append(searches.created("tuned", tuned(maker)))
    proposal = maker.journal.append(
        model.TrialProposed(
            experiment="tuned",
            search=maker.search.id,
            number=0,
            values=(("lr", 0.1),),
            point=(0.5, None),
            head=maker.journal.head(),
            source=model.ProposalSource.SAMPLER,
        )
    )
    maker.proposed, _ = maker.start(experiment="tuned", proposal=proposal.id)
    maker.journal.append(model.TrialReported(trial=maker.proposed, rung=1, step=1, value=float("nan")))
    maker.journal.append(
        model.TrialDecided(trial=maker.proposed, rung=1, stop=True, head=maker.journal.head())
    )
    lost, _ = maker.start()
    maker.journal.append(
        model.TrialLost(
            trial=lost,
            reason="died",
            hyperparameters=(),
            observed=model.Observed(affinity=1),
            outcome=maker.outcome(status=model.Status.KILLED, exit_code=None, signal=9),
            health=(),
        )
    )
    gone = maker.trial()
    maker.journal.append(model.Tombstone(target=gone, reason="a mistake"))
    maker.journal.append(
        model.ContentDropped(
            contents=(model.DroppedContent(entry=maker.full.id, digests=(Digest.of(b"gone"),)),), reason=ODD
        )
    )
    maker.journal.append(model.ForeignLog(source="optuna", content='{"op_code": 4, "study_id": 0}'))
    maker.journal.append(
        model.Unknown(kind="trial.later", data={"values": [1, b"x", ODD.encode("utf-8", "replace")]}),
    )
    return maker


def tuned(maker):
    real = model.HyperparameterType.REAL
    return Search(
        space=Space(
            parameters=(
                Parameter(name="lr", domain=Domain(type=real, low=0.01, high=1, log=True)),
                Parameter(name="m", domain=Domain(type=real, low=0.0, high=0.9), condition="lr > 0.5"),
            )
        ),
        objectives=(Objective(metric="loss"),),
        sampler="random",
        version=1,
        seed=0,
        command=("python", "train.py", "--lr", "{lr}"),
        code=(model.CodeSnapshot(name=".", tree=Digest.of(b"tree")),),
        environment=maker.full.environment,
    )


def test_show_of_a_proposed_trial(accept, rich):
    trials = rich.trials
    document = documents.trial_document(trials.by_id[rich.proposed], trials, rich.store)
    accept("trial.v1", document)
    proposal = document["proposal"]
    assert proposal["search"] == str(rich.search.id)
    assert (proposal["number"], proposal["sampler"], proposal["source"]) == (0, "random", "sampler")
    assert [(each["name"], each["value"]) for each in proposal["values"]] == [("lr", 0.1)]
    assert proposal["values"][0]["domain"]["log"] is True
    assert searches.read(trials.experiments[rich.search.id]) == tuned(rich)


def test_show(accept, rich):
    trials = rich.trials
    document = documents.trial_document(trials.by_id[rich.full.id], trials, rich.store)
    accept("trial.v1", document)
    assert document["problems"] == []
    assert document["id"] == str(rich.full.id)
    assert document["started"] == "2023-11-14T22:13:21.000000Z"
    assert document["command"] == ["python", "caf\N{REPLACEMENT CHARACTER} \n\x01"]
    assert len(document["command_bytes"]) == 2
    assert document["metrics"]["loss"] == "-Infinity"
    assert document["metric_summaries"][0]["min"] == "-Infinity"
    assert document["hyperparameters"]["layers"] == [1, [2, 3]]
    assert document["hyperparameters"]["inf"] == "Infinity"
    assert document["environment"]["packages"] == {"numpy": "2.0"}
    assert document["seeds"]["enforced"] == 3
    assert document["children"] == [str(rich.running)]
    assert [each["verdict"] for each in document["replays"]] == ["diverged", "incomparable"]
    assert document["replays"][0]["host"] == "box"
    assert document["notes"][0]["text"] == "# so"
    accept("trial.v1", documents.trial_document(trials.by_id[rich.running], trials, rich.store))


@pytest.mark.parametrize("break_it", ["damage", "lose"])
def test_show_of_a_damaged_trial(accept, rich, break_it):
    for digest in (rich.full.environment, rich.full.host):
        getattr(rich, break_it)(digest)
    trials = rich.trials
    document = documents.trial_document(trials.by_id[rich.full.id], trials, rich.store)
    accept("trial.v1", document)
    assert document["environment"]["python"] is None
    assert document["environment"]["digest"] == str(rich.full.environment)
    assert document["host"]["cpu"] is None
    assert document["replays"][0]["host"] is None
    parts = [(each["part"], each["object"]) for each in document["problems"]]
    host = str(rich.full.host)
    assert parts == [("environment", str(rich.full.environment)), ("host", host), ("replays", host)]


def test_log(accept, rich):
    trials = rich.trials
    document = documents.log_document(trials, trials, rich.store)
    accept("trials.v1", document)
    assert [each["status"] for each in document] == ["ok", "running", "running", "lost"]
    assert document[0]["verdict"] == "incomparable"
    assert document[1]["duration_s"] is None


def test_entries(accept, rich):
    kinds = set()
    for recorded in rich.journal.entries():
        document = documents.entry_document(recorded)
        accept("entry.v1", document)
        kinds.add(document["kind"])
    assert kinds == {*KNOWN, "trial.later"}


def test_replay(accept, rich):
    receipts = rich.trials.receipts[rich.full.id]
    for receipt in receipts:
        accept(
            "replay.v1", result_documents.replay_document(receipt.replay, id=receipt.id, time=receipt.time)
        )
    document = result_documents.replay_document(receipts[0].replay, id=None, time=0)
    accept("replay.v1", document)
    assert document["rtol"] == "Infinity"
    assert document["differences"][0]["path_bytes"] == "Y2Fm6SAKAQ=="
    assert document["differences"][0]["expected"] == str(rich.full.id)


def test_verify(accept, rich):
    def checked():
        return verify(rich.journal, rich.store, rich.trials)

    accept("verify.v1", result_documents.verify_document(checked()))
    rich.lose(rich.full.environment)
    document = result_documents.verify_document(checked())
    accept("verify.v1", document)
    assert document["ok"] is False
    assert document["findings"][0]["trials"] == [str(rich.full.id)]
    assert {each["what"] for each in document["notices"]} == {"record.partial", "trial.lost"}
    assert document["head"]["size"] == len(list(rich.journal.entries()))


def test_diff(accept, rich):
    trials = rich.trials
    document = result_documents.diff_document(compare(trials, "base", "@", rich.store))
    accept("diff.v1", document)
    assert list(document["sections"]) == list(SECTIONS)
    assert (document["kind"], document["a"], document["same"]) == ("trials", str(rich.full.id), False)
    document = result_documents.diff_document(compare(trials, "sweep", "sweep", rich.store))
    accept("diff.v1", document)
    assert (document["kind"], document["b"], document["same"]) == ("experiments", "sweep", True)


@pytest.mark.parametrize("name", ["environment.v1", "host.v1", "manifest.v1", "recipe.v1"])
def test_nouns_that_lie_in_the_store(accept, rich, name):
    noun = {
        "environment.v1": rich.environment,
        "host.v1": replace(rich.host, gpus=(model.Gpu(name="G", uuid=None),)),
        "manifest.v1": rich.manifest({ODD: b"1"}),
        "recipe.v1": model.Recipe(
            intent=rich.full.id, inputs=(("a", None), ("b", rich.full.id)), complete=False
        ),
    }[name]
    accept(name, to_json(noun))
