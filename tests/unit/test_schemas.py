"""The JSON Schemas, their examples, and what this release writes hold together."""

import copy
import json
import os
import typing
from dataclasses import fields, is_dataclass, replace

import jsonschema
import pytest
import referencing

from ledger import model
from ledger.compare.base import Tolerance
from ledger.errors import UsageError
from ledger.model import config, schema
from ledger.model.entry import KNOWN
from ledger.model.jsonform import to_json
from ledger.ops import documents, result_documents
from ledger.ops.diff import SECTIONS, diff
from ledger.ops.diff_experiments import diff_experiments
from ledger.ops.verify import verify

SUFFIX = ".schema.json"
DIRECTORY = schema.directory()
NAMES = sorted(path.name.removesuffix(SUFFIX) for path in (DIRECTORY / "json").glob(f"*{SUFFIX}"))
SCHEMAS = {name: schema.load(f"json/{name}.schema") for name in NAMES}
WHOLE = [name for name in NAMES if name != "common.v1"]

NOUNS = {
    "artifact.v1": model.Artifact,
    "cause.v1": model.Cause,
    "code-snapshot.v1": model.CodeSnapshot,
    "difference.v1": model.Difference,
    "environment.v1": model.Environment,
    "finding.v1": model.Finding,
    "head.v1": model.Head,
    "health-line.v1": model.HealthLine,
    "host.v1": model.Host,
    "hyperparameter.v1": model.Hyperparameter,
    "intent.v1": model.Intent,
    "interpreter.v1": model.Interpreter,
    "manifest.v1": model.Manifest,
    "notice.v1": model.Notice,
    "observed.v1": model.Observed,
    "outcome.v1": model.Outcome,
    "recipe.v1": model.Recipe,
    **{f"{kind}.v1": noun for kind, noun in KNOWN.items()},
}
DOCUMENTS = {"trial.v1", "trials.v1", "replay.v1", "verify.v1", "diff.v1", "entry.v1", "config.v1"}


def registry():
    resources = [
        (f"{name}{SUFFIX}", referencing.Resource.from_contents(document))
        for name, document in SCHEMAS.items()
    ]
    return referencing.Registry().with_resources(resources)


REGISTRY = registry()


def validator(name):
    return jsonschema.Draft202012Validator(SCHEMAS[name], registry=REGISTRY)


def errors(name, document):
    # Through the text, as a reader of another language gets it.
    return list(validator(name).iter_errors(json.loads(json.dumps(document, allow_nan=False))))


def accept(name, document):
    found = errors(name, document)
    assert not found, "\n".join(f"{error.json_path}: {error.message[:300]}" for error in found)


def examples(kind):
    return sorted(
        path.relative_to(DIRECTORY / "examples" / kind)
        for path in DIRECTORY.glob(f"examples/{kind}/*/*.json")
    )


def read(kind, path):
    return json.loads((DIRECTORY / "examples" / kind / path).read_text("utf-8"))


def test_there_is_a_schema_of_everything():
    assert set(WHOLE) == set(NOUNS) | DOCUMENTS


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_itself_is_sound(name):
    document = SCHEMAS[name]
    jsonschema.Draft202012Validator.check_schema(document)
    assert document["$id"] == f"{name}{SUFFIX}"
    assert document["title"]
    for place in references(document):
        REGISTRY.resolver(document["$id"]).lookup(place)


def references(document):
    if isinstance(document, dict):
        if isinstance(document.get("$ref"), str):
            yield document["$ref"]
        for value in document.values():
            yield from references(value)
    elif isinstance(document, list):
        for value in document:
            yield from references(value)


@pytest.mark.parametrize("name", WHOLE)
def test_every_schema_has_examples(name):
    for kind in ("valid", "invalid"):
        assert [path for path in examples(kind) if path.parent.name == name], kind


@pytest.mark.parametrize("path", examples("valid"), ids=str)
def test_valid_examples_are_valid(path):
    accept(path.parent.name, read("valid", path))


@pytest.mark.parametrize("path", examples("invalid"), ids=str)
def test_invalid_examples_are_refused_for_one_reason(path):
    found = errors(path.parent.name, read("invalid", path))
    assert len(found) == 1, [f"{error.json_path}: {error.message[:200]}" for error in found]


@pytest.mark.parametrize("name", NOUNS)
def test_a_schema_has_the_fields_of_its_noun(name):
    document = SCHEMAS[name]
    seen = {**{noun: schema_name for schema_name, noun in NOUNS.items()}}
    check_fields(document, NOUNS[name], document.get("$defs", {}), seen)


def check_fields(document, noun, defs, seen):
    names = [each.name for each in fields(noun)]
    assert list(document["properties"]) == names
    assert document["required"] == names
    assert document["additionalProperties"] is False
    for hint in typing.get_type_hints(noun).values():
        for kind in dataclasses_in(hint):
            key = kind.__name__[0].lower() + kind.__name__[1:]
            if kind not in seen and kind is not model.OriginHead:
                check_fields(defs[key], kind, defs, seen)


def dataclasses_in(hint):
    if is_dataclass(hint):
        yield hint
    for argument in typing.get_args(hint):
        if argument is not Ellipsis and argument is not hint and not isinstance(argument, str):
            yield from dataclasses_in(argument)


def test_the_enumerations_are_those_of_the_model():
    outcome = SCHEMAS["outcome.v1"]["properties"]["status"]["enum"]
    assert outcome == list(model.Status) == SCHEMAS["trial.v1"]["properties"]["status"]["enum"]
    assert SCHEMAS["trial.replayed.v1"]["properties"]["verdict"]["enum"] == list(model.Verdict)
    assert SCHEMAS["health-line.v1"]["properties"]["state"]["enum"] == list(model.HealthState)
    assert set(SCHEMAS["artifact.v1"]["properties"]["mode"]["enum"]) == model.Mode.ALL
    assert list(SCHEMAS["diff.v1"]["properties"]["sections"]["properties"]) == list(SECTIONS)
    kinds = [each["if"]["properties"]["kind"]["const"] for each in SCHEMAS["entry.v1"]["allOf"]]
    assert kinds == list(KNOWN)


def test_the_configuration_has_the_keys_and_defaults_that_are_read():
    sections = SCHEMAS["config.v1"]["properties"]
    default = config.Config()
    assert list(sections) == [each.name for each in fields(default)]
    for name, section in sections.items():
        values = {key: property["default"] for key, property in section["properties"].items()}
        assert values == to_json(getattr(default, name))
    accept("config.v1", to_json(default))
    assert config.parse(to_json(default), "ledger.toml") == default


@pytest.mark.parametrize(
    "path", [each for each in examples("valid") if each.parent.name == "config.v1"], ids=str
)
def test_valid_configurations_are_read(path):
    config.parse(read("valid", path), "ledger.toml")


@pytest.mark.parametrize(
    "path", [each for each in examples("invalid") if each.parent.name == "config.v1"], ids=str
)
def test_invalid_configurations_are_refused(path):
    with pytest.raises(UsageError):
        config.parse(read("invalid", path), "ledger.toml")


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
    maker.journal.append(model.ExperimentCreated(name="sweep", definition={"space": {"lr": [0, 1]}}))
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
        model.Unknown(kind="trial.proposed", data={"values": [1, b"x", ODD.encode("utf-8", "replace")]})
    )
    return maker


def test_show(rich):
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
def test_show_of_a_damaged_trial(rich, break_it):
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


def test_log(rich):
    trials = rich.trials
    document = documents.log_document(trials, trials)
    accept("trials.v1", document)
    assert [each["status"] for each in document] == ["ok", "running", "lost"]
    assert document[0]["verdict"] == "incomparable"
    assert document[1]["duration_s"] is None


def test_entries(rich):
    kinds = set()
    for recorded in rich.journal.entries():
        document = documents.entry_document(recorded)
        accept("entry.v1", document)
        kinds.add(document["kind"])
    assert kinds == {*KNOWN, "trial.proposed"}


def test_replay(rich):
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


def test_verify(rich):
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


def test_diff(rich):
    trials = rich.trials
    found = diff(rich.full, trials.ordered[-1], rich.store, tolerance=Tolerance())
    ids = str(rich.full.id), str(trials.ordered[-1].id)
    document = result_documents.diff_document(*ids, "trials", found)
    accept("diff.v1", document)
    assert list(document["sections"]) == list(SECTIONS)
    assert (document["a"], document["same"]) == (ids[0], False)
    both = diff_experiments(trials.of_experiment("sweep"), trials.ordered)
    accept("diff.v1", result_documents.diff_document("sweep", "all", "experiments", both))


@pytest.mark.parametrize("name", ["environment.v1", "host.v1", "manifest.v1", "recipe.v1"])
def test_nouns_that_lie_in_the_store(rich, name):
    noun = {
        "environment.v1": rich.environment,
        "host.v1": replace(rich.host, gpus=(model.Gpu(name="G", uuid=None),)),
        "manifest.v1": rich.manifest({ODD: b"1"}),
        "recipe.v1": model.Recipe(
            intent=rich.full.id, inputs=(("a", None), ("b", rich.full.id)), complete=False
        ),
    }[name]
    accept(name, to_json(noun))


@pytest.mark.parametrize("name", WHOLE)
def test_an_extra_field_is_refused(name):
    document = next(
        document
        for path in examples("valid")
        if path.parent.name == name
        for document in [copy.deepcopy(read("valid", path))]
        if document or name == "config.v1"
    )
    (document[0] if isinstance(document, list) else document)["surprise"] = 1
    assert errors(name, document)
