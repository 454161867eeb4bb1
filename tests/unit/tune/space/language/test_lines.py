import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.tune.space.language.lines import line_of

ODD = '''# a = 1
"a b" = """
[not a table]
c = 3
"""
d.e.f = 1 # d.e.g = 2

[[many]]
x = [
  1, # ]
  "]",
]

[t."q.r"]
s = { u = 1, v = [2,
  3] }
'w' = \'\'\'
s = 1\'\'\'
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (["a b"], 2),
        (["d"], 6),
        (["d", "e", "f"], 6),
        (["d", "e", "g"], 6),
        (["many"], 8),
        (["t"], 14),
        (["t", "q.r"], 14),
        (["t", "q.r", "s"], 15),
        (["t", "q.r", "s", "v"], 15),
        (["t", "q.r", "s", "v", 1], 16),
        (["t", "q.r", "w"], 17),
        (["t", "q.r", "nothing"], 14),
        (["nothing"], None),
        ([], None),
    ],
)
def test_where_keys_stand(path, line):
    assert line_of(ODD, path) == line


VALUES = ["1", '"x = 1"', "[\n 1,\n 2 ]", '"""\n\nk3 = 1\n"""', "{ a = 1 }", "[ # k1 = 2\n]", "'[k2]'"]
BETWEEN = ["", "\n", "# k1 = 1\n", "\n\n#\n", "   \t\n"]


@given(st.lists(st.tuples(st.sampled_from(VALUES), st.sampled_from(BETWEEN), st.booleans()), max_size=8))
@settings(max_examples=200)
def test_every_statement_is_found(statements):
    text, lines = "", []
    for number, (value, between, table) in enumerate(statements):
        text += between
        lines.append(text.count("\n") + 1)
        text += f"[k{number}]\nv = {value}\n" if table else f"t{number}.k{number} = {value}\n"
    text = "[first]\n" + text
    for number, (*_, table) in enumerate(statements):
        inside = table or not any(each[2] for each in statements[:number])
        if inside:
            path = [f"k{number}"] if table else ["first", f"t{number}", f"k{number}"]
            assert line_of(text, path) == lines[number] + 1
