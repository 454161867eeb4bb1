from types import SimpleNamespace

import pytest

from ledger.model import Status
from ledger.model.config import Config
from ledger.ui.source import Source


@pytest.fixture
def of_maker():
    """Return a function: a maker → the ledger that it wrote, as the page reads it."""

    def make(maker):
        maker.store.flush()
        return Source(
            SimpleNamespace(
                store=maker.store,
                journal=maker.journal,
                directory=maker.folder,
                foreign=False,
                config=Config(),
                root=maker.folder.parent,
            )
        )

    return make


@pytest.fixture
def tried(maker, of_maker):
    """Four learning rates of each of two models, three seeds each, one failed; and another experiment."""
    for lr in (0.1, 0.2, 0.3, 0.4):
        for model in ("tree", "net"):
            for seed in (1, 2, 3):
                loss = abs(lr - 0.2) + seed / 100 + (0.05 if model == "net" else 0)
                maker.trial(
                    experiment="digits",
                    params={"lr": lr, "model": model, "seed": seed},
                    metrics={"loss": loss, "accuracy": 1 - loss / 2},
                    inputs={"data.csv": b"a,b\n1,2\n"},
                )
    maker.trial(experiment="digits", params={"lr": 9.0, "model": "net", "seed": 1}, status=Status.FAILED)
    maker.trial(
        experiment="other",
        params={"model": "tree"},
        metrics={"loss": 0.01},
        inputs={"copy.csv": b"a,b\n1,2\n"},
    )
    maker.trial(params={"model": "line"}, metrics={"loss": 0.7}, outputs={"made.csv": b"a,b\n1,2\n"})
    return of_maker(maker)
