import io
import json

import pytest

from ledger.compare.base import Tolerance
from ledger.compare.texts import notebook


def made(*outputs, **metadata):
    cell = {"cell_type": "code", "source": "1", "metadata": metadata, "outputs": list(outputs)}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def printed(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def result(text):
    return {"output_type": "execute_result", "data": {"text/plain": text, "image/png": "aGVsbG8="}}


def compare(one, other, **tolerance):
    return notebook.compare(io.BytesIO(one), io.BytesIO(other), Tolerance(**tolerance))


@pytest.mark.parametrize("output", [printed, result])
def test_numbers_that_cells_printed_are_compared_within_the_tolerance(output):
    sides = made(output("a\nloss 0.5 of 3\n")), made(output("a\nloss 0.5000001 of 3\n"))
    near, far = compare(*sides, rtol=1e-6), compare(*sides)
    assert near.same
    assert (near.distance.differing, far.same) == (1, False)
    assert ".line 2: 1 of 2 numbers differ" in far.detail
    assert far.detail.startswith("cells.0.outputs.0.")


def test_clock_text_does_not_count_and_lines_may_be_a_list():
    found = compare(made(printed("took 3.25 s\nend\n")), made(printed(["took 4.5 s\n", "end\n"])))
    assert (found.same, found.detail) == (True, "only clock texts differ")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([printed("a")], [printed("b")]),
        ([printed("a")], []),
        ([printed("a")], [result("a")]),
        ([printed("a")], [{**printed("a"), "name": "stderr"}]),
        ([result("a")], [{**result("a"), "data": {"text/plain": "a"}}]),
        ([result(["1", "2"])], [result(["1", 2])]),
    ],
)
def test_what_else_differs_counts(one, other):
    assert not compare(made(*one), made(*other)).same


def test_when_cells_ran_does_not_count():
    found = compare(made(execution={"iopub": "1"}), made(execution={"iopub": "2"}))
    assert (found.same, found.detail) == (True, "only execution times differ")
