from ledger.model import Digest, Intent
from ledger.model.search import Search
from ledger.model.space import Objective
from ledger.ops.tune.facts import identity, identity_in, key_of
from ledger.ops.tune.words import Words
from ledger.tune.space.language.read import space

ONE = Digest.of(b"1")


def test_what_tells_attempts_apart_is_what_they_are():
    def intent(**changes):
        given = {
            "argv": ("x",),
            "directory": ".",
            "stdin": "null",
            "code": (),
            "environment": ONE,
            "seed": None,
            "parameters": (),
            "inputs": (),
        }
        return Intent(**(given | changes))

    different = [
        intent(),
        intent(argv=("x", "")),
        intent(directory="a"),
        intent(stdin=str(ONE)),
        intent(code=((".", ONE),)),
        intent(environment=Digest.of(b"2")),
        intent(seed=0),
        intent(inputs=(("a", None),)),
        intent(inputs=(("a/.ledger-params.json", ONE),)),
        intent(inputs=(("a/.ledger-params.json", Digest.of(b"2")),)),
    ]
    assert len({key_of(identity(each)) for each in different}) == len(different)
    same = intent(stdin="terminal", parameters=(("a", 1),))
    assert key_of(identity(same)) == key_of(identity(intent()))


def test_declared_inputs_are_told_from_the_root_and_in_its_order():
    search = Search(
        space=space(["lr=real(0, 1)"]),
        objectives=(Objective(metric="loss"),),
        sampler="random",
        version=1,
        seed=0,
        command=("x", "{lr}"),
        code=(),
        environment=ONE,
        directory="a",
        inputs=("./z", "../b", "/c"),
    )
    trial = Intent(
        argv=("x", "0.5"),
        directory="a",
        stdin="null",
        code=(),
        environment=ONE,
        seed=None,
        parameters=(),
        inputs=(("/c", ONE), ("a/z", ONE), ("b", ONE)),
    )
    assert identity_in(search, Words(search), {"lr": 0.5}, None) == identity(trial)
