"""The JSON Schemas, their examples and the nouns hold together."""

import copy
import json
import typing
from dataclasses import fields, is_dataclass

import jsonschema
import pytest
import referencing

from ledger import model
from ledger.errors import UsageError
from ledger.model import config, schema
from ledger.model.entry import KNOWN
from ledger.model.jsonform import to_json
from ledger.model.search import Search
from ledger.ops.differences import SECTIONS
from ledger.tune.space.language.read import space as read_space

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
    "search.v1": Search,
    **{f"{kind}.v1": noun for kind, noun in KNOWN.items()},
}
DOCUMENTS = {
    "trial.v1",
    "trials.v1",
    "notes.v1",
    "sql.v1",
    "replay.v1",
    "tune.v1",
    "search-replay.v1",
    "vary.v1",
    "why.v1",
    "verify.v1",
    "gc.v1",
    "diff.v1",
    "diff-table.v1",
    "entry.v1",
    "config.v1",
    "space.v1",
    "calibration.v1",
    "proof.v1",
    "proven.v1",
    "proven-report.v1",
    "report.v1",
    "best.v1",
    "tunability.v1",
    "sensitivity.v1",
    "seeds.v1",
    "robustness.v1",
    "importance.v1",
    "ablation.v1",
    "signed-head.v1",
    "bundle.v1",
    "opened.v1",
    "remotes.v1",
    "transfer.v1",
}


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
    resources = [(each["$id"], referencing.Resource.from_contents(each)) for each in SCHEMAS.values()]
    resolver = referencing.Registry().with_resources(resources).resolver(document["$id"])
    for place in references(document):
        resolver.lookup(place)


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
def test_valid_examples_are_valid(accept, path):
    accept(path.parent.name, read("valid", path))


@pytest.mark.parametrize("path", examples("invalid"), ids=str)
def test_invalid_examples_are_refused_for_one_reason(schema_errors, path):
    found = schema_errors(path.parent.name, read("invalid", path))
    assert len(found) == 1, found


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


def test_the_configuration_has_the_keys_and_defaults_that_are_read(accept):
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


@pytest.mark.parametrize(
    "path", [each for each in examples("valid") if each.parent.name == "space.v1"], ids=str
)
def test_valid_spaces_are_read(path):
    assert read_space(mapping=read("valid", path)).parameters


@pytest.mark.parametrize(
    "path", [each for each in examples("invalid") if each.parent.name == "space.v1"], ids=str
)
def test_invalid_spaces_are_refused(path):
    with pytest.raises(UsageError):
        read_space(mapping=read("invalid", path))


@pytest.mark.parametrize("name", WHOLE)
def test_an_extra_field_is_refused(schema_errors, name):
    document = next(
        document
        for path in examples("valid")
        if path.parent.name == name
        for document in [copy.deepcopy(read("valid", path))]
        if document or name == "config.v1"
    )
    where = document[0] if isinstance(document, list) else document
    if name == "space.v1":  # where every other name is a parameter's
        where = where["lr"]
    where["surprise"] = 1
    assert schema_errors(name, document)
