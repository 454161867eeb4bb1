import pytest

from ledger.errors import UsageError
from ledger.model.config import Config, parse

PLACE = "ledger.toml"


def test_nothing_is_all_defaults():
    assert parse({}, PLACE) == Config()


def test_each_kind_of_value():
    config = parse(
        {
            "code": {"paths": ["src"], "max_files": 3, "max_bytes": 0},
            "environment": {"variables": ["MY_*"]},
            "metrics": {"files": ["results/*.csv"], "ignore": ["log.csv"]},
            "store": {"max_input_bytes": 7},
            "replay": {"rtol": 1, "atol": 1e-9, "timing": []},
        },
        PLACE,
    )
    assert (config.code.paths, config.code.max_files, config.code.max_bytes) == (("src",), 3, 0)
    assert config.environment.variables == ("MY_*",)
    assert (config.metrics.files, config.metrics.ignore) == (("results/*.csv",), ("log.csv",))
    assert config.store.max_input_bytes == 7
    assert (config.replay.rtol, config.replay.atol, config.replay.timing) == (1.0, 1e-9, ())
    assert type(config.replay.rtol) is float
    assert config.code.max_untracked_bytes == Config().code.max_untracked_bytes


@pytest.mark.parametrize(
    ("document", "cause", "hint"),
    [
        ({"cod": {}}, "[cod]", "code"),
        ({"replay": {"rtl": 1}}, "[replay] rtl", "rtol"),
        ({"replay": {"zzz": 1}}, "[replay] zzz", "timing, rtol, atol"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest(document, cause, hint):
    with pytest.raises(UsageError) as raised:
        parse(document, PLACE)
    assert raised.value.message.startswith(PLACE)
    assert cause in raised.value.cause
    assert hint in raised.value.hint


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("replay", "rtol", -1),
        ("replay", "rtol", "0.1"),
        ("replay", "rtol", True),
        ("replay", "rtol", float("nan")),
        ("replay", "timing", "*time*"),
        ("replay", "timing", [1]),
        ("store", "max_input_bytes", 1.5),
        ("store", "max_input_bytes", True),
        ("store", "max_input_bytes", -1),
        ("store", "large", "sometimes"),
        ("store", "large", ["chunk"]),
    ],
)
def test_a_bad_value_is_named(section, key, value):
    with pytest.raises(UsageError) as raised:
        parse({section: {key: value}}, PLACE)
    assert f"[{section}] {key}: expected" in raised.value.cause


def test_roles_of_hyperparameters():
    config = parse({"hyperparameters": {"model": ["depth", "units*"], "seed": ["rs"]}}, PLACE).hyperparameters
    assert (config.model, config.algorithm, config.seed) == (("depth", "units*"), (), ("rs",))


def test_a_pattern_has_one_role():
    with pytest.raises(UsageError) as raised:
        parse({"hyperparameters": {"model": ["lr", "lr"], "algorithm": ["a", "lr"]}}, PLACE)
    assert raised.value.message.startswith(PLACE)
    assert "'lr' stands in both model and algorithm" in raised.value.cause


def test_a_section_has_to_be_a_table():
    with pytest.raises(UsageError, match="bad section"):
        parse({"code": 3}, PLACE)
