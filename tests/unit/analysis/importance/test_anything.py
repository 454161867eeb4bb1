"""Whatever hyperparameters and metrics are, there is an answer, or a reason."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.analysis.importance.axes import axes
from ledger.analysis.importance.fanova import fanova
from ledger.analysis.importance.forest import grow
from ledger.analysis.importance.overfitting import overfitting
from ledger.analysis.importance.ped_anova import ped_anova
from ledger.model import HyperparameterType
from ledger.model.space import Domain
from tests.unit.analysis.importance.variables import CATEGORICAL, ORDINAL, REAL, UNIT, observed, variable

COUNT = 12
NUMBERS = st.none() | st.floats() | st.integers(-(2**70), 2**70)
CHOICES = st.none() | st.booleans() | st.sampled_from(["a", "b", 1, 1.0, (1, 2)])
LOG = Domain(type=REAL, low=1e-300, high=1e300, log=True)
KINDS = st.one_of(
    st.tuples(st.just(REAL), st.just(NUMBERS), st.sampled_from([None, UNIT, LOG])),
    st.tuples(st.just(CATEGORICAL), st.just(CHOICES), st.none()),
    st.tuples(st.just(HyperparameterType.BOOLEAN), st.just(st.booleans()), st.none()),
    st.tuples(
        st.just(ORDINAL),
        st.just(st.sampled_from(["s", "m", "l"])),
        st.just(Domain(type=ORDINAL, choices=("s", "m", "l"))),
    ),
)
VARIABLES = KINDS.flatmap(
    lambda kind: st.tuples(
        st.just(kind[0]), st.lists(kind[1], min_size=COUNT, max_size=COUNT), st.just(kind[2])
    )
)
RESULTS = st.lists(st.floats(-1e100, 1e100), min_size=COUNT, max_size=COUNT)


@settings(max_examples=20)
@given(st.lists(VARIABLES, min_size=1, max_size=4), RESULTS, RESULTS)
def test_there_is_an_answer(columns, train, unseen):
    made = observed(
        *(
            variable(f"v{place}", values, type, domain=domain)
            for place, (type, values, domain) in enumerate(columns)
        ),
        train_loss=train,
        val_loss=unseen,
    )
    overfitting(made, [("train_loss", "val_loss")])
    found = axes(made)
    losses = np.array(train)
    if not found or not np.ptp(losses):
        return
    if (losses <= np.sort(losses)[5]).all():  # half of so few are the best, with all that are as good
        with pytest.raises(ValueError, match="trials are the best"):
            ped_anova(found, losses, resamples=5)
    else:
        told = ped_anova(found, losses, resamples=5)
        assert math.isclose(sum(each.share for each in told.found), 1) or not any(
            each.share for each in told.found
        )
        assert all(0 <= each.low <= each.share <= each.high <= 1 for each in told.found)
    shares = fanova(grow(found, losses / np.ptp(losses), trees=2), pairs=True)
    assert np.isfinite(shares.first).all()
    assert np.isfinite(shares.total).all()
