"""What a parse of the command line tells."""


def parse(run, body, *arguments, same=True, **options):
    text = f"import argparse\nparser = argparse.ArgumentParser(prog='train')\n{body}\n"
    script = run.write("train.py", text)
    (run.same if same else run)(script, *arguments, **options)
    return script


def test_arguments_with_their_types_and_defaults(run):
    script = parse(
        run,
        "parser.add_argument('--learning-rate', '--lr', type=float, default='0.1')\n"
        "parser.add_argument('--epochs', type=int, default=3)\n"
        "parser.add_argument('--dropout', type=float, default=0)\n"
        "parser.add_argument('--decay', type=float)\n"
        "parser.add_argument('--fast', action='store_true')\n"
        "parser.add_argument('--slow', dest='fast2', action='store_false')\n"
        "parser.add_argument('--layers', type=int, nargs='+', default=[8, 8])\n"
        "parser.add_argument('--mixed', nargs='*')\n"
        "parser.add_argument('--verbose', '-v', action='count', default=0)\n"
        "parser.add_argument('-n', type=int)\n"
        "parser.add_argument('--hidden', default=argparse.SUPPRESS)\n"
        "parser.add_argument('data')\n"
        "parser.add_argument('rest', nargs='*', default='none')\n"
        "parser.set_defaults(optimizer='sgd', epochs=4)\n"
        "args = parser.parse_args()\n"
        "print(args)",
        *("d.csv", "--learn", "0.5", "--slow", "--layers", "4", "2", "-vv", "-n7"),
    )
    event = run.events("arguments")[-1]
    assert event["parser"] == "train"
    assert event["where"] == f"{script}:17"
    assert event["rest"] == []
    assert [(e["name"], e["value"], e["type"], e["given"], e["default"]) for e in event["values"]] == [
        ("learning_rate", 0.5, "real", True, 0.1),
        ("epochs", 4, "integer", False, 4),
        ("dropout", 0, "real", False, 0),
        ("decay", None, "real", False, None),
        ("fast", False, "boolean", False, False),
        ("fast2", False, "boolean", True, True),
        ("layers", [4, 2], "integer", True, [8, 8]),
        ("mixed", None, "categorical", False, None),
        ("verbose", 2, "integer", True, 0),
        ("n", 7, "integer", True, None),
        ("data", "d.csv", "categorical", True, None),
        ("rest", "none", "categorical", False, "none"),
        ("optimizer", "sgd", "categorical", False, "sgd"),
    ]


def test_sub_parsers_are_part_of_one_parse(run):
    parse(
        run,
        "parser.add_argument('--seed', type=int, default=1)\n"
        "commands = parser.add_subparsers(dest='command')\n"
        "fit = commands.add_parser('fit')\n"
        "fit.add_argument('--lr', type=float, default=0.1)\n"
        "fit.add_argument('--batch', type=int, default=32)\n"
        "fit.set_defaults(run='fit')\n"
        "commands.add_parser('eval').add_argument('--other', default=5)\n"
        "print(parser.parse_args())",
        *("--seed", "3", "fit", "--lr", "1"),
    )
    values = run.values()
    assert {name: (each["value"], each["given"], each["default"]) for name, each in values.items()} == {
        "seed": (3, True, 1),
        "command": ("fit", True, None),
        "lr": (1.0, True, 0.1),
        "batch": (32, False, 32),
        "run": ("fit", False, "fit"),
    }


def test_parse_known_args_and_intermixed(run):
    parse(
        run,
        "parser.add_argument('--a', type=int, default=0)\nparser.add_argument('b', nargs='*', type=int)\n"
        "print(parser.parse_known_args(['--a', '1', '--c', '2', '3']))\n"
        "print(parser.parse_known_intermixed_args(['5', '--a', '1', '6']))\n"
        "print(parser.parse_intermixed_args(['7', '--a', '2', '8']))",
    )
    first, second, third = run.events("arguments")
    assert first["rest"] == ["--c"] + ["2", "3"] * (first["values"][1]["value"] == [])
    assert [each["value"] for each in second["values"]] == [1, [5, 6]]
    assert [(each["value"], each["given"]) for each in third["values"]] == [(2, True), ([7, 8], True)]


def test_a_parse_that_fails_is_not_told_and_the_next_one_is(run):
    parse(
        run,
        "parser.add_argument('--a', type=int)\n"
        "for words in ['--a', 'x'], ['--help'], ['--a', '2']:\n"
        "    try:\n        print(parser.parse_args(words))\n"
        "    except SystemExit as error:\n        print(error.code)",
    )
    assert run.values()["a"] == {"value": 2, "type": "integer", "given": True, "default": None}


def test_objects_become_texts_that_stay_the_same(run):
    body = (
        "import enum, pathlib\n"
        "class Colour(enum.Enum):\n    RED = 1\n"
        "class Plain: pass\n"
        "def function(): pass\n"
        "values = dict(path=pathlib.Path('a/b'), colour=Colour.RED, plain=Plain(), call=function,\n"
        "    names={'b', 'a', 'c', 'd'}, pair=(1, 2.5), nan=float('nan'), minus=float('-inf'),\n"
        "    long='x' * 9999, nested=[[1]], table={'a': 1}, big=10**30, raw=b'x', odd='\"\\\\\\n\\udc80é')\n"
        "parser.set_defaults(**values)\n"
        "parser.parse_args()"
    )
    parse(run, body, PYTHONHASHSEED="1")
    seen = {name: (each["value"], each.get("opaque")) for name, each in run.values().items()} | {}
    assert seen["path"] == ("a/b", None)
    assert seen["colour"] == ("<Colour.RED: 1>", True)
    assert seen["plain"] == ("<__main__.Plain object>", True)
    assert seen["call"] == ("__main__.function", True)
    assert seen["names"] == ("{'a', 'b', 'c', 'd'}", True)
    assert seen["pair"] == ([1, 2.5], None)
    assert seen["nan"] == ("NaN", None)
    assert seen["minus"] == ("-Infinity", None)
    assert seen["long"] == ("'" + "x" * 199, True)
    assert seen["nested"] == ("[[1]]", True)
    assert seen["table"] == ("{'a': 1}", True)
    assert seen["big"] == (str(10**30), True)
    assert seen["raw"] == ("b'x'", True)
    assert seen["odd"] == ('"\\\n\udc80é', None)


def test_numpy_scalars_are_numbers(run):
    parse(
        run, "import numpy\nparser.set_defaults(a=numpy.float32(0.5), b=numpy.int64(3))\nparser.parse_args()"
    )
    assert {name: each["value"] for name, each in run.values().items()} == {"a": 0.5, "b": 3}


def test_own_namespaces_and_own_parsers(run):
    parse(
        run,
        "class Space:\n    mine = 1\n"
        "space = Space(); space.a = 9\n"
        "class Own(argparse.ArgumentParser):\n"
        "    def parse_known_args(self, args=None, namespace=None):\n"
        "        return super().parse_known_args(args, namespace)\n"
        "own = Own(prog='own')\nown.add_argument('--a', type=int, default=1)\n"
        "print(vars(own.parse_args([], namespace=space)))\n"
        "print(sorted(vars(own.parse_args(['--a', '2'], Space))))",
    )
    first, second = run.events("arguments")
    assert first["parser"] == "own"
    assert first["values"] == [{"name": "a", "value": 9, "type": "integer", "given": False, "default": 9}]
    assert {each["name"]: each["value"] for each in second["values"]} == {"mine": 1, "a": 2}


def test_parses_in_threads_do_not_mix(run):
    parse(
        run,
        "import threading, time\n"
        "def slow(text):\n    time.sleep(0.05)\n    return int(text)\n"
        "def work(n):\n"
        "    parser = argparse.ArgumentParser(prog=str(n))\n"
        "    parser.add_argument('--n', type=slow)\n"
        "    parser.add_argument('--m', type=slow)\n"
        "    parser.parse_args(['--n', str(n)] if n % 2 else ['--m', str(n)])\n"
        "threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]",
        same=False,
    )
    for event in run.events("arguments"):
        number = int(event["parser"])
        given = {each["name"]: each["value"] for each in event["values"] if each["given"]}
        assert given == {"n" if number % 2 else "m": number}
    assert len(run.events("arguments")) == 8
