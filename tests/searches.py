"""Searches as tests need them."""

from ledger.model import Digest, HyperparameterType, ProposalSource, TrialProposed
from ledger.model.search import Search
from ledger.model.space import Domain, Objective, Parameter, Space
from ledger.ops import searches


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


def proposals(maker, tuned, points):
    """Begin a search in a maker's journal, and propose points of it, in turn."""
    id = maker.journal.append(searches.created("tuned", tuned)).id
    for number, point in enumerate(points):
        proposed = TrialProposed(
            experiment="tuned",
            search=id,
            number=number,
            values=(("lr", point),),
            point=(point,),
            head=maker.journal.head(),
            source=ProposalSource.SAMPLER,
            seed=number if tuned.seeds > 1 else None,
        )
        yield maker.journal.append(proposed).id
