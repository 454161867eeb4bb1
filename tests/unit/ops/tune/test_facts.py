from ledger.model import Digest, Intent
from ledger.ops.tune.facts import identity, key_of

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
    ]
    assert len({key_of(identity(each)) for each in different}) == len(different)
    same = intent(stdin="terminal", parameters=(("a", 1),))
    assert key_of(identity(same)) == key_of(identity(intent()))
