"""What is said of hyperparameters beside their values."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.model import Hyperparameter, HyperparameterRole, HyperparameterType
from ledger.ops import forms
from ledger.ops.forms import Form

PARAMETERS = st.builds(
    Hyperparameter,
    name=st.text(),
    value=st.none(),
    type=st.sampled_from(HyperparameterType),
    role=st.none() | st.sampled_from(HyperparameterRole),
    source=st.sampled_from(["argument", "default", "call"]),
)


class Described:
    def __init__(self, hyperparameters):
        self.hyperparameters = hyperparameters


@given(st.lists(PARAMETERS, unique_by=lambda each: each.name))
def test_the_text_of_a_trial_reads_as_its_forms(parameters):
    trial = Described(tuple(parameters))
    read = forms.read(forms.text(trial))
    assert read == forms.of(trial)
    assert list(read) == [each.name for each in parameters]


def test_a_seed_and_a_default():
    seed = Form(type=HyperparameterType.INTEGER, role=HyperparameterRole.SEED, default=True)
    (told,) = forms.read('[["seed","integer","seed",true]]').values()
    assert told == seed
    assert told.is_seed
