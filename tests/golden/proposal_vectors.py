"""What each version of each sampler proposes, and of each scheduler decides: written anew, or held against
the code.

A search goes on, and is verified, by the versions that it began with: what they say never changes.

python -m tests.golden.proposal_vectors            write them
python -m tests.golden.proposal_vectors --check    exit 1 if one differs
"""

import json
import math
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from ledger.errors import SpaceExhaustedError  # noqa: E402
from ledger.model import HyperparameterType as Type  # noqa: E402
from ledger.model.space import Domain, Parameter, Space  # noqa: E402
from ledger.tune.base import Observation, State  # noqa: E402
from ledger.tune.draws import Draws  # noqa: E402
from ledger.tune.samplers import registry as samplers  # noqa: E402
from ledger.tune.schedulers import registry as schedulers  # noqa: E402
from ledger.tune.schedulers.base import Report  # noqa: E402
from ledger.tune.space.unit import UnitSpace  # noqa: E402

FILE = Path(__file__).with_name("proposals.json")
# The others' proposals are also those of their packages, whose versions a search records.
SAMPLERS = ("auto", "evolution", "gp", "grid:points=4", "random", "sobol", "tpe")
SCHEDULERS = ("asha:factor=2", "asha:factor=3,promote=1", "hyperband:min=1,max=27", "median:startup=2")
PROPOSED = 13
DECIDED = 40


def space(*constraints, **domains):
    """Domains by name; (domain, condition) where there is one."""
    parameters = []
    for name, given in domains.items():
        domain, condition = given if isinstance(given, tuple) else (given, None)
        parameters.append(Parameter(name=name, domain=domain, condition=condition))
    return UnitSpace(Space(parameters=tuple(parameters), constraints=constraints))


def integer(low, high):
    return Domain(type=Type.INTEGER, low=low, high=high)


def real(low, high):
    return Domain(type=Type.REAL, low=low, high=high)


SPACES = {
    "few points of many are allowed": space(
        "a + b + c <= 9", a=integer(1, 26), b=integer(1, 26), c=integer(1, 26)
    ),
    "few points of a continuum are allowed": space("x + n <= 0.3", x=real(0.0, 1.0), n=integer(0, 9)),
    "conditional": space(
        opt=Domain(type=Type.CATEGORICAL, choices=("sgd", "adam")),
        momentum=(real(0.0, 0.99), "opt=sgd"),
        layers=integer(1, 3),
        units=(Domain(type=Type.INTEGER, low=8, high=256, log=True), "layers >= 2"),
    ),
    "small": space("n != 2 or k != 3", n=integer(1, 4), k=integer(1, 4)),
}


def proposed(name, unit, version):
    """What a sampler proposes while the trials before end, each of them well."""
    sampler = samplers.make(name, unit, 1, 7, version)
    known, found = [], []
    for number in range(PROPOSED):
        sampler.update(known)
        try:
            point = sampler.suggest(number)
        except SpaceExhaustedError:
            found.append(None)
            break
        found.append(list(point))
        loss = sum((each - 0.3) ** 2 for each in point if each is not None)
        known.append(Observation(number=number, point=point, state=State.DONE, losses=(loss,)))
    return found


def held(name, unit, version, points):
    """Whether each of some points is proposed, or as good as what is but for this processor's rounding."""
    sampler = samplers.make(name, unit, 1, 7, version)
    known = []
    for number, each in enumerate(points):
        sampler.update(known)
        try:
            if not sampler.equivalent(number, tuple(each or ())):
                return False
        except SpaceExhaustedError:
            return each is None
        loss = sum((one - 0.3) ** 2 for one in each if one is not None)
        known.append(Observation(number=number, point=tuple(each), state=State.DONE, losses=(loss,)))
    return len(points) == PROPOSED


def reports(scheduler):
    """Of trials that come one rung further now and then; some are no number, and some are not finite."""
    draws, reached, found = Draws(5, 0), {}, []
    while len(found) < DECIDED:
        number = draws.below(40)
        rungs = [rung for rung in range(28) if scheduler.rungs(number).at(rung) == rung]
        if reached.get(number, 0) == len(rungs):
            continue
        rung = rungs[reached.get(number, 0)]
        reached[number] = reached.get(number, 0) + 1
        loss = (-math.inf, math.inf, math.nan)[draws.below(3)] if draws.below(3) == 0 else draws.uniform()
        found.append(Report(proposal=number, number=number, rung=rung, loss=loss))
    return found


def decided(name, version):
    """What a scheduler decides on each report: whether its trial goes on, and which other one would."""
    scheduler = schedulers.make(name, version)
    known, found, stopped = scheduler.known(), "", {}
    for each in reports(scheduler):
        known.add(each)
        on = known.goes_on(each)
        if on:
            stopped.pop(each.number, None)
        else:
            stopped[each.number] = each
        next_ = scheduler.promoted([stopped[number] for number in sorted(stopped)], known)
        found += ("+" if on else "-") + ("" if next_ is None else str(next_.number))
    return found


def versions():
    """What each sampler and scheduler knows."""
    kinds = {
        "proposals": {name: samplers.found(samplers.parsed(name).name) for name in SAMPLERS},
        "decisions": {name: schedulers.SCHEDULERS[name.partition(":")[0]] for name in SCHEDULERS},
    }
    return [
        (part, name, str(version))
        for part, some in kinds.items()
        for name, kind in some.items()
        for version in kind.versions
    ]


def vectors():
    found = {"proposals": {}, "decisions": {}}
    for part, name, version in versions():
        found[part].setdefault(name, {})[version] = (
            {told: proposed(name, unit, int(version)) for told, unit in SPACES.items()}
            if part == "proposals"
            else decided(name, int(version))
        )
    return found


def differs(part, name, version, known):
    """Whether something else is said now."""
    if part == "decisions":
        return decided(name, int(version)) != known
    return not all(held(name, unit, int(version), known[told]) for told, unit in SPACES.items())


def main(check: bool) -> list[str]:
    """Write the vectors, or return what differs from them, or is missing on either side."""
    if not check:
        text = json.dumps(vectors(), indent=1)
        text = re.sub(r"\[[^][]+\]", lambda point: " ".join(point[0].split()), text)  # each on a line
        FILE.write_text(text + "\n", "utf-8")
        return []
    recorded = {
        (part, name, version): told
        for part, names in json.loads(FILE.read_text("utf-8")).items()
        for name, some in names.items()
        for version, told in some.items()
    }
    here = versions()
    one_sided = recorded.keys() ^ set(here)
    return [
        f"{name}, version {version}"
        for part, name, version in sorted(recorded.keys() | set(here))
        if (part, name, version) in one_sided or differs(part, name, version, recorded[part, name, version])
    ]


if __name__ == "__main__":
    different = main("--check" in sys.argv[1:])
    print("\n".join(f"differs: {each}" for each in different) or "as expected")
    sys.exit(bool(different))
