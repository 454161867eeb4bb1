from types import SimpleNamespace

import pytest

from ledger.model.config import Config
from ledger.reports.report import gather


@pytest.fixture
def workspace(maker):
    return SimpleNamespace(
        store=maker.store,
        journal=maker.journal,
        directory=maker.folder,
        foreign=False,
        config=Config(),
        root=maker.folder.parent,
    )


@pytest.fixture
def search(maker):
    """Twelve trials of one experiment: four learning rates, three seeds each, with curves."""

    def make(experiment="digits", shift=0.0):
        return {
            (lr, seed): maker.trial(
                experiment=experiment,
                params={"lr": lr, "layers": 2, "seed": seed},
                metrics={
                    "loss": [(step, shift + abs(lr - 0.2) + seed / 100 + 1 / (step + 1)) for step in range(9)]
                },
            )
            for lr in (0.1, 0.2, 0.3, 0.4)
            for seed in (1, 2, 3)
        }

    return make


@pytest.fixture
def gathered(workspace, maker):
    """Return a function: as `gather`, of the maker's ledger."""

    def make(*references, **options):
        maker.store.flush()
        return gather(workspace, references, **options)

    return make
