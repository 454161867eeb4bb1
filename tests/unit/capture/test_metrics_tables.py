import csv
import json
import math
import os

import pandas as pd
import pytest

from ledger.capture import metrics_csv, metrics_json
from ledger.capture.metrics import from_files


def flat(found):
    return {each.name: list(zip(each.steps, each.values, strict=True)) for each in found.points}


@pytest.fixture
def read(tmp_path):
    """Return a function: a file's content, its name → what is found in it."""

    def read(content, name="metrics.csv", **options):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return from_files(tmp_path, [name], **options)

    return read


@pytest.mark.parametrize(
    "text",
    [
        "step,loss,name,acc\n10,1.5,a,\n20,0.5,b,0.75\n",
        "step;loss;name;acc\n10;1.5;a;\n20;0.5;b;0.75\n",
        "step;loss;name;acc\n10;1,5;a;\n20;0,5;b;0,75\n",
        "step\tloss\tname\tacc\n10\t1.5\ta\t\n20\t0.5\tb\t0.75\n",
        "\ufeffstep,loss,name,acc\r\n10,1.5,a,\r\n20,0.5,b,0.75\r\n",
        'step,"loss",name,acc\n10,"1.5","a, b",\n\n20,0.5,"b ""x""",0.75',
        '"step", "loss", "name", "acc"\n10, 1.5, a, \n20, 0.5, b, 0.75\n'.replace('"', ""),
        "#{'env': 1}\n# step,loss,name,acc\n10,1.5,a\n20,0.5,b,0.75,7,7\n",
        "loss,name,STEP,acc,epoch\n1.5,a,10,,x\n0.5,b,20,0.75,y\n".replace("STEP", "Step"),
        "step,loss,name,acc,loss\n1e1,1.5,True,,8\n20.0,5e-1,False,0.75,9\n",
    ],
)
def test_forms_of_tables(read, text):
    found = read(text)
    assert flat(found) == {"loss": [(10, 1.5), (20, 0.5)], "acc": [(20, 0.75)]}
    assert found.problems in ((), ("metrics.csv: two columns have one name: the first counts",))


def test_cells_that_are_numbers_and_cells_that_are_none(read):
    cells = ["nan", "-inf", "Infinity", "+1e-3", "1_0", "True", "", "None", "0x10", "1,5", "٣", "-0"]
    found = read("a\n" + "\n".join(f'"{each}"' for each in cells) + "\n")
    (values,) = flat(found).values()
    assert [step for step, _ in values] == [0, 1, 2, 3, 10, 11]
    assert str([value for _, value in values]) == "[nan, -inf, inf, 0.001, 3.0, -0.0]"


@pytest.mark.parametrize(
    ("header", "rows", "steps"),
    [
        ("epoch,global_step,x", ["0,7,1", "1,9,1"], [7, 9]),
        ("epoch,x", ["0,1", "0,1", "1,1"], [0, 0, 1]),
        ("epoch,step,x", ["3,,1", "4,5,1"], [3, 4]),
        ("epoch,step,x", ["0.5,5,1", "1.0,,1", "1.5,7,1"], [5, 5, 7]),
        ("epoch,x", ["0.5,1", "1.0,1"], [0, 1]),
        ("time/total_timesteps,x", ["2048,1"], [2048]),
        ("x,y", ["1,2", "1,2"], [0, 1]),
        ("step,x", [f"{(1 << 62) - 1},1", "-5,1", f"{1 << 62},1"], [(1 << 62) - 1, -5, -5]),
    ],
)
def test_steps(read, header, rows, steps):
    found = flat(read("\n".join([header, *rows, ""])))
    assert [step for step, _ in found["x"]] == steps


def test_what_pandas_writes(tmp_path):
    history = pd.DataFrame({"loss": [1.5, 0.5], "val_loss": [None, 0.1 + 0.2]})
    history.to_csv(tmp_path / "history.csv")
    expected = {"loss": [(0, 1.5), (1, 0.5)], "val_loss": [(1, 0.1 + 0.2)]}
    assert flat(from_files(tmp_path, ["history.csv"])) == expected
    history.to_csv(tmp_path / "metrics.tsv", sep="\t", index_label="epoch")
    assert flat(from_files(tmp_path, ["metrics.tsv"])) == expected


def test_what_the_csv_module_writes(tmp_path):
    with open(tmp_path / "progress.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, ["time/total_timesteps", "rollout/ep_rew_mean", "note"])
        writer.writeheader()
        for step in range(100):
            writer.writerow(
                {"time/total_timesteps": step * 8, "rollout/ep_rew_mean": step / 3, "note": "a\nb"}
            )
    expected = {"rollout/ep_rew_mean": [(step * 8, step / 3) for step in range(100)]}
    assert flat(from_files(tmp_path, ["progress.csv"])) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("results.csv", "id,prediction\n1,0.5\n"),
        ("results.csv", ",prediction\n0,0.5\n"),
        ("results.csv", "1,2\n3,4\n"),
        ("log.csv", ""),
        ("log.csv", "\x00\x01"),
        ("training.log", "INFO: step, epoch\nWARNING: 1, 2\n"),
        ("log.jsonl", '{"pid": 1, "message": "x"}\n'),
        ("log.jsonl", "no json\n"),
        ("data.csv", "step,loss\n1,2\n"),
        ("my_metrics.csv", "step,loss\n1,2\n"),
        ("results.json", '{"loss": 1}'),
    ],
)
def test_what_is_data_is_left_alone(read, name, text):
    assert read(text, name) == ((), (), ())


@pytest.mark.parametrize("text", ["", "1,2\n3,4\n", "\n\n", "\x00", "loss", ",,\n1,2,3\n"])
def test_a_table_of_metrics_needs_a_header(read, text):
    found = read(text)
    assert found.points == ()
    assert found.problems == ("metrics.csv was not read: expected a first line with the columns' names",)


@pytest.mark.parametrize("name", ["results.csv", "log.csv", "train_log.csv", "training.log", "PROGRESS.csv"])
def test_names_that_tell_metrics_if_they_have_steps(read, name):
    found = read("epoch, train/loss\n1, 0.5\n", name)
    assert flat(found) == {"train/loss": [(1, 0.5)]}


@pytest.mark.parametrize(
    "pattern", ["results/*.csv", "./results/*.csv", "*.csv", "b.csv", "*/b.csv", "results/**/*.csv"]
)
def test_configured_files_are_read_whatever_they_are_named(read, pattern):
    assert flat(read("loss\n0.5\n", "results/b.csv", patterns=[pattern])) == {"loss": [(0, 0.5)]}
    assert read("loss\n0.5\n", "results/b.csv", patterns=[pattern], ignore=["b.*"]).points == ()
    assert read("loss\n0.5\n", "results/b.csv", patterns=["a*", "results/a*", "results"]).points == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("out.txt", "step loss\n".replace(" ", ",") + "3,0.5\n"),
        ("out.txt", '{"step": 3, "loss": 0.5}\n'),
        ("out", '\n{"step": 3, "loss": 0.5}\n{"loss": "low"}\n'),
        ("out.jsonl", '{"step": 3, "loss": 0.5}\n'),
        ("out.json", '[{"step": 3, "loss": 0.5}]'),
        ("results.csv", "step,loss\n3,0.5\n"),
    ],
)
def test_configured_files_are_read_by_what_they_are(read, name, text):
    found = read(text, name, patterns=["out*", "results.csv"])
    assert flat(found) == {"loss": [(3, 0.5)]}
    assert found.problems == ()


def test_ignored_files_are_left_alone(read):
    assert read("loss\n0.5\n", ignore=["metrics.csv"]) == ((), (), ())
    assert read("loss\n0.5\n", ignore=["*"]) == ((), (), ())


def test_lines_of_json(read):
    lines = [
        {"step": 1, "loss": 1.0, "val": {"acc": 0.5}},
        {"loss": "NaN"},
        [1],
        {"global_step": 7, "loss": 2, "ok": True, "name": "x"},
        {"training_iteration": 9, "loss": 3},
    ]
    found = read("\n".join(map(json.dumps, lines)) + "\n\nnonsense\n" + '{"loss": 4', "metrics.jsonl")
    points = flat(found)
    assert points.pop("val.acc") == [(1, 0.5)]
    assert points.pop("ok") == [(7, 1.0)]
    assert [step for step, _ in points["loss"]] == [1, 1, 7, 9]
    assert math.isnan(points["loss"][1][1])
    assert found.problems == ("metrics.jsonl: 2 lines are no JSON",)


def test_lines_that_say_no_step_are_no_metrics_of_a_log(read):
    text = '{"message": "start", "pid": 7}\n{"epoch": 1, "loss": 0.5}\n'
    assert flat(read(text, "log.jsonl")) == {"loss": [(1, 0.5)]}
    assert flat(read(text, "progress.json")) == {"loss": [(1, 0.5)]}
    assert len(flat(read(text, "metrics.ndjson"))) == 2


def test_hostile_lines_of_json(read):
    deep = "[" * 100_000
    found = read(f'{{"loss": 1}}\n{deep}\n{{"a": {"9" * 5000}}}\n{{"loss": 2}}\n', "metrics.jsonl")
    assert flat(found) == {"loss": [(0, 1.0), (3, 2.0)]}
    assert found.problems == ("metrics.jsonl: 2 lines are no JSON",)
    deep = '{"a":' * 100 + "1" + "}" * 100
    found = read(f'{{"loss": 1}}\n{deep}\n', "metrics.jsonl")
    assert flat(found) == {"loss": [(0, 1.0)]}
    assert found.problems == ("metrics.jsonl was not read to its end: it is nested too deep",)


def state(steps):
    history = [{"epoch": step / 4, "step": step, "loss": 1 / (step + 1)} for step in steps]
    return json.dumps(
        {"global_step": max(steps), "best_metric": None, "max_steps": 9, "log_history": history}
    )


def test_states_of_one_training_count_once(tmp_path):
    for step in (2, 4, 3):
        (tmp_path / f"out/checkpoint-{step}").mkdir(parents=True)
        (tmp_path / f"out/checkpoint-{step}/trainer_state.json").write_text(state(range(step)))
    paths = [f"out/checkpoint-{step}/trainer_state.json" for step in (2, 4, 3)]
    found = from_files(tmp_path, paths)
    assert flat(found) == {
        "epoch": [(step, step / 4) for step in range(4)],
        "loss": [(step, 1 / (step + 1)) for step in range(4)],
    }
    (tmp_path / "b").mkdir()
    (tmp_path / "b/trainer_state.json").write_text(state([1, 8]))
    names = {"b/epoch", "b/loss", "out/checkpoint-4/epoch", "out/checkpoint-4/loss"}
    assert set(flat(from_files(tmp_path, [*paths, "b/trainer_state.json"]))) == names


def test_a_state_without_history(read):
    assert "log_history" in read('{"a": 1}', "trainer_state.json").problems[0]


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["a/metrics.csv", "b/metrics.csv"], ["a/loss", "b/loss"]),
        (["train/log.csv", "x/val/log.csv"], ["train/loss", "x/val/loss"]),
        (["metrics.csv", "metrics.jsonl"], ["metrics.csv/loss", "metrics.jsonl/loss"]),
        (["run/metrics.csv", "run/progress.csv"], ["metrics/loss", "progress/loss"]),
        (["metrics.csv", "run/metrics.csv"], ["loss", "run/loss"]),
        (["metrics.json", "metrics.csv"], ["loss", "metrics.csv/loss"]),
    ],
)
def test_files_with_the_same_metric_are_told_apart(tmp_path, files, names):
    for place, name in enumerate(files):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        table = f"step,loss,own{place}\n1,{place},{place}\n"
        file.write_text(table if file.suffix == ".csv" else json.dumps({"step": 1, "loss": place}) + "\n")
    found = flat(from_files(tmp_path, files[::-1]))
    assert {name: found[name][0][1] for name in names} == {name: float(at) for at, name in enumerate(names)}
    assert all(f"own{place}" in found for place, name in enumerate(files) if name.endswith(".csv"))


def test_a_table_that_goes_on_with_other_columns(read):
    found = read("epoch,loss\n0,1.5\nepoch,acc,loss\n1,0.5,2.5\nepoch,acc,loss\n2,0.75,3.5\n")
    assert flat(found) == {"loss": [(0, 1.5), (1, 2.5), (2, 3.5)], "acc": [(1, 0.5), (2, 0.75)]}


def test_directories_whose_names_are_no_text(tmp_path):
    paths = [os.fsdecode(each) for each in (b"\xff/metrics.csv", b"\xfe/metrics.csv")]
    for place, path in enumerate(paths):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(f"loss\n{place}\n")
    found = from_files(tmp_path, paths)
    assert sorted(each.values[0] for each in found.points) == [0.0, 1.0]
    assert len({each.name.encode() for each in found.points}) == 2


def test_files_and_problems_past_a_bound_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("ledger.capture.metrics.MOST_FILES", 30)
    found = from_files(tmp_path, [f"{place}/metrics.csv" for place in range(33)])
    assert found.problems[0] == "3 files past the first 30 of a kind were not read"
    assert found.problems[-1] == "11 more problems"
    assert len(found.problems) == 21


# What was there before


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_only_appended_rows_count(tmp_path, read, end):
    before, new = end.join(["step,loss", "1,1.5", "2,2.5", ""]), end.join(["3,3.5", "4,4.5", ""])
    for former in (before, before.rstrip()):
        content = former.encode()
        (tmp_path / "kept").write_bytes(content)
        for kept in (content, tmp_path / "kept"):
            found = read(before + new, former=lambda path, kept=kept: kept)
            assert flat(found) == {"loss": [(3, 3.5), (4, 4.5)]}
    half = (before + "3,3").encode()
    assert flat(read(before + new, former=lambda path: half)) == {"loss": [(3, 3.5), (4, 4.5)]}
    assert flat(read(before + before + new, former=lambda path: before.encode()))["loss"][:1] == [(1, 1.5)]
    other = "step;acc" + end + "1;0.5" + end
    assert flat(read(before + "step,acc" + end + "1,0.5" + end, former=lambda path: before.encode())) == {
        "acc": [(1, 0.5)]
    }
    assert len(flat(read(before + new, former=lambda path: other.encode()))["loss"]) == 4
    assert len(flat(read(before + new, former=lambda path: None))["loss"]) == 4


def test_rows_without_steps_are_counted_from_the_first_appended_one(read):
    assert flat(read("loss\n1\n2\n3\n", former=lambda path: b"loss\n1\n")) == {"loss": [(0, 2.0), (1, 3.0)]}


def test_only_appended_lines_count(read):
    before = '{"step": 1, "loss": 1}\n'
    found = read(before + '{"step": 2, "loss": 2}\n', "metrics.jsonl", former=lambda path: before.encode())
    assert flat(found) == {"loss": [(2, 2.0)]}


def test_the_former_content_is_asked_for_by_the_outputs_path(read):
    asked = []
    read("loss\n1\n", "a/metrics.csv", former=asked.append)
    assert asked == ["a/metrics.csv"]


# What is torn, large, or no file


def test_a_last_row_without_an_end(read):
    text = "step,loss,acc\n1,0.5,0.5\n2,0.25,0.1"
    assert flat(read(text))["acc"] == [(1, 0.5), (2, 0.1)]
    found = read(text, cut=True)
    assert flat(found)["acc"] == [(1, 0.5)]
    assert found.problems == ("metrics.csv: its last line is torn",)
    found = read("step,loss,acc\n1,0.5,0.5\n2,0.2")
    assert flat(found)["loss"] == [(1, 0.5)]
    assert found.problems == ("metrics.csv: its last line is torn",)
    found = read('{"a": 1}\n{"a": 2}', "metrics.jsonl", cut=True)
    assert flat(found) == {"a": [(0, 1.0)]}
    assert found.problems == ("metrics.jsonl: its last line is torn",)


def test_what_came_before_a_bad_row_counts(read):
    for bad in (b"2,\xff\n3,4\n", b'2,"' + b"x" * 200_000 + b"\n"):
        found = read(b"step,loss\n1,0.5\n" + bad)
        assert flat(found) == {"loss": [(1, 0.5)]}
        assert found.problems[0].startswith("metrics.csv was not read to its end: ")


def test_large_files_are_a_problem(read, monkeypatch):
    monkeypatch.setattr(metrics_csv, "MOST_BYTES", 10)
    monkeypatch.setattr(metrics_json, "MOST_BYTES_OF_LINES", 10)
    assert "larger than" in read("step,loss\n" + "1,2\n" * 5).problems[0]
    assert "larger than" in read('{"step": 1, "loss": 2}\n', "metrics.jsonl").problems[0]


def test_many_points_are_a_problem(read, monkeypatch):
    monkeypatch.setattr("ledger.capture.metric_sources.MOST_POINTS", 2_500)
    found = read("step,loss\n" + "1,2\n" * 5_000)
    assert 2_500 <= len(found.points[0].steps) <= 3_500
    assert found.problems == ("metrics.csv was not read to its end: there are too many points",)


def test_room_is_shared_by_all_files(tmp_path, monkeypatch):
    monkeypatch.setattr("ledger.capture.metric_sources.MOST_POINTS", 5)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metrics.csv").write_text("loss\n1\n2\n3\n")
    found = from_files(tmp_path, ["a/metrics.csv", "b/metrics.csv"])
    assert found.problems == ("b/metrics.csv was not read to its end: there are too many points",)


@pytest.mark.parametrize("name", ["metrics.csv", "metrics.jsonl", "out.tfevents.1"])
def test_files_that_are_gone_or_pipes_are_a_problem(tmp_path, name):
    os.mkfifo(tmp_path / name)
    found = from_files(tmp_path, [name, f"gone/{name}"])
    assert found.points == ()
    assert len(found.problems) == 2
