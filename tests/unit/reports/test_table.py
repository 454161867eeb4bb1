"""The table of trials."""

from ledger.model import Status
from ledger.reports.table import MOST_PARAMETERS, table


def test_what_varies_is_a_column_and_the_rest_is_said_once(maker, search):
    search()
    found = table(maker.trials.ordered, maker.trials)
    assert [each.name for each in found.columns] == [
        "id",
        "status",
        "started (UTC)",
        "took",
        "seed",
        "lr",
        "loss",
    ]
    assert found.common == (("layers", "2"),)
    assert found.rows[0][0] == maker.trials.ordered[0].id.short
    assert found.rows[0][4:6] == ("1", "0.1")
    assert [each.numeric for each in found.columns] == [False, False, False, True, True, True, True]


def test_names_experiments_and_verdicts_where_there_are_some(maker):
    maker.trial(name="a", experiment="one")
    id = maker.trial(experiment="two", status=Status.FAILED)
    maker.replay(id)
    trials = maker.trials
    found = table(trials.ordered, trials)
    assert [each.name for each in found.columns][1:5] == ["name", "experiment", "status", "replayed"]
    assert found.rows[1][1:5] == ("", "two", "failed", "identical")


def test_a_value_that_one_trial_lacks_is_nothing(maker):
    maker.trial(params={"lr": 0.1})
    maker.trial(params={"opt": "sgd"})
    found = table(maker.trials.ordered, maker.trials)
    place = [each.name for each in found.columns].index("opt")
    assert [row[place] for row in found.rows] == ["", "sgd"]


def test_more_columns_than_are_shown_are_named(maker):
    for value in (1, 2):
        maker.trial(params={f"p{place:02}": value for place in range(MOST_PARAMETERS + 2)})
    found = table(maker.trials.ordered, maker.trials)
    assert found.hidden == (f"p{MOST_PARAMETERS}", f"p{MOST_PARAMETERS + 1}")


def test_one_trial_shows_all_of_its_hyperparameters(maker):
    maker.trial(params={"lr": 0.1, "opt": "sgd"})
    found = table(maker.trials.ordered, maker.trials)
    assert [each.name for each in found.columns][-2:] == ["lr", "opt"]
    assert found.common == ()
