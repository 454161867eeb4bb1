import json
import os

import pytest

from ledger.capture.accesses import Access, Watched, Watching
from ledger.capture.events import Events, Parse
from ledger.capture.opened_configuration import (
    MOST_ALIKE,
    MOST_BYTES,
    MOST_FILES,
    from_opened,
    from_watched,
)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "project"


def write(path, document):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return str(path)


def read(root, *paths, directory=None, **options):
    return {each.path: dict(each.values) for each in from_opened(paths, directory or root, root, **options)}


def test_each_form_under_its_path_from_the_working_directory(root):
    paths = (
        write(root / "conf/a.yaml", "lr: 1e-3\nmodel: {depth: 2}\n"),
        write(root / "work/b.json", {"x": [1, 2]}),
        write(root / "work/c.TOML", "[t]\nname = 'n'\n"),
    )
    assert read(root, *paths, directory=root / "work") == {
        "../conf/a.yaml": {"lr": 0.001, "model.depth": 2},
        "b.json": {"x": (1, 2)},
        "c.TOML": {"t.name": "n"},
    }


def test_the_order_is_that_of_opening_and_each_file_is_read_once(root):
    a, b = write(root / "a.json", {"x": 1}), write(root / "b.json", {"x": 2})
    assert list(read(root, b, a, f"{root}/sub/../b.json")) == ["b.json", "a.json"]


def test_a_working_directory_outside_of_the_root_counts_and_other_places_do_not(root, tmp_path):
    near, far = write(tmp_path / "near/a.json", {"x": 1}), write(tmp_path / "far/a.json", {"x": 1})
    root.mkdir()
    assert list(read(root, near, far, directory=tmp_path / "near")) == ["a.json"]


def test_a_root_behind_a_link(root, tmp_path):
    path = write(root / "a.json", {"x": 1})
    (tmp_path / "link").symlink_to(root)
    link = tmp_path / "link"
    assert list(read(link, path)) == ["a.json"]
    assert list(read(link, str(link / "a.json"))) == ["a.json"]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "package.json",
            "pyproject.toml",
            "ledger.toml",
            "package-lock.json",
            "conda-lock.yml",
            "poetry.toml",
        ),
        *("metrics.json", "results_1.yaml", "vocab.json", "tokenizer_config.json", "train.index.json"),
        *(".hidden.yaml", ".github/ci.yaml", "venv/lib/a.json", "lib/site-packages/p/a.json", "compose.yaml"),
        *("node_modules/a.json", "data.txt", "labels.json", "dataset_info.json", "logging.yaml"),
    ],
)
def test_what_tools_keep_and_results_are_no_configuration(root, name):
    text = "lr = 1" if name.endswith("toml") else '{"lr": 1}'
    assert read(root, write(root / name, text)) == {}


@pytest.mark.parametrize(
    "name", ["config.json", "hparams.yaml", "params.toml", "labelling.yaml", "resnet.json"]
)
def test_names_that_are_configuration(root, name):
    text = "lr = 1" if name.endswith("toml") else '{"lr": 1}'
    assert read(root, write(root / name, text)) == {name: {"lr": 1}}


@pytest.mark.parametrize(
    "document",
    [
        [1, 2],
        {},
        "{",
        {f"k{number}": "x" for number in range(501)},
        {"a": list(range(65))},
        {"rows": [{"x": number} for number in range(33)]},
        {word: number for number, word in enumerate(["the", "of", "and", "to", "in", "is", "was", "on"])},
        {word: number for number, word in enumerate(["a", "b", "c", "d", "e", "f", "g", "h"], 1)},
        {"0": "cat", "1": "dog"},
        {"name": "x", "channels": ["c"], "dependencies": ["python"]},
        {"$schema": "x", "type": "object"},
        {"a\nb": 1},
        {"a": "x" * MOST_BYTES},
    ],
)
def test_what_does_not_look_like_configuration(root, document):
    assert read(root, write(root / "a.json", document)) == {}


def test_small_numbers_are_no_vocabulary(root):
    assert read(root, write(root / "a.json", {"a": 0, "b": 1, "c": 2}))
    numbers = dict(zip("abcdefgh", range(8), strict=True))
    assert read(root, write(root / "a.json", {**numbers, "lr": 0.1}))


def test_many_of_one_kind_in_one_directory_are_a_data_set(root):
    paths = [write(root / f"data/{number}.json", {"label": number}) for number in range(MOST_ALIKE + 1)]
    assert read(root, *paths, write(root / "a.json", {"x": 1})) == {"a.json": {"x": 1}}
    assert len(read(root, *paths[1:])) == MOST_ALIKE


def test_no_more_than_are_read(root):
    paths = [write(root / f"d{number}/a.json", {"x": 1}) for number in range(MOST_FILES + 1)]
    assert len(read(root, *paths)) == MOST_FILES


def test_what_was_composed_is_left_out(root):
    paths = write(root / "conf/model/a.yaml", "x: 1\n"), write(root / "conf2/a.yaml", "x: 1\n")
    assert list(read(root, *paths, composed=[f"{root}/conf/"])) == ["conf2/a.yaml"]


def test_a_file_that_was_changed_is_read_as_it_was(root, tmp_path):
    path, copy = write(root / "a.yaml", "x: 2\n"), write(tmp_path / "copy", "x: 1\n")
    assert read(root, path, copies={path: copy}) == {"a.yaml": {"x": 1}}


def test_of_what_a_trial_did_only_what_it_read_counts(root, tmp_path):
    def touched(name, document, **options):
        path = write(root / name, document)
        return Access(**{"path": path, "read": True, "written": False, "existed": True, **options})

    watched = Watched(
        by=Watching.TRACER,
        accesses=(
            touched("a.yaml", "x: 2\n", saved=write(tmp_path / "copy", "x: 1\n"), written=True),
            touched("made.yaml", "x: 1\n", existed=False),
            touched("out.yaml", "x: 1\n", read=False),
            touched("conf/c.yaml", "x: 1\n"),
            touched("d\udcff.yaml", "x: 1\n"),
        ),
    )
    parse = Parse(
        process=1, parser="omegaconf", where=None, values=(), rest=(), directories=(f"{root}/conf",)
    )
    found = from_watched(watched, Events(parses=(parse,)), root, root)
    assert [(each.path, each.values) for each in found] == [
        ("a.yaml", (("x", 1),)),
        ("d\udcff.yaml", (("x", 1),)),
    ]
    assert from_watched(Watched(by=Watching.NONE), Events(), root, root) == ()


def test_what_is_gone_or_no_file(root):
    root.mkdir()
    os.mkfifo(root / "p.json")
    (root / "d.json").mkdir()
    assert read(root, f"{root}/gone.json", f"{root}/p.json", f"{root}/d.json") == {}


def test_a_bomb_is_no_configuration(root):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert read(root, write(root / "a.yaml", "\n".join(lines))) == {}
