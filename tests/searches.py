"""Searches as tests need them."""

from ledger.model import Digest, HyperparameterType
from ledger.model.search import Search
from ledger.model.space import Domain, Objective, Parameter, Space


def search(*objectives, **more):
    return Search(
        space=Space(
            parameters=(Parameter(name="lr", domain=Domain(type=HyperparameterType.REAL, low=0.0, high=1.0)),)
        ),
        objectives=objectives or (Objective(metric="loss"),),
        sampler="random",
        version=1,
        seed=0,
        command=("python", "{lr}"),
        code=(),
        environment=Digest.of(b""),
        **more,
    )
