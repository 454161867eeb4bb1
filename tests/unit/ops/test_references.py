import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import AmbiguousError, LedgerError, NotFoundError, UsageError
from ledger.model import Digest, Tag, Tombstone
from ledger.ops import references
from ledger.ops.names import check_name
from ledger.ops.references import Kind, find, resolve
from ledger.ops.trials import Trials


def nothing():
    return Trials(
        ordered=(), by_id={}, removed={}, receipts={}, notes={}, experiment_notes={}, allowances={}, tagged={}
    )


def with_ids(trial, *ids):
    """Trials of given ids."""
    from dataclasses import replace

    made = tuple(replace(trial, id=id) for id in ids)
    return replace(nothing(), ordered=made, by_id={each.id: each for each in made})


@pytest.fixture
def five(maker):
    maker.ids = [
        maker.trial(name="base", experiment="sweep", tags=("best",)),
        maker.trial(name="wide", experiment="sweep"),
        maker.trial(name="base"),
        maker.trial(),
        maker.trial(experiment="last"),
    ]
    return maker


@pytest.mark.parametrize(
    ("reference", "place"),
    [
        ("@", 4),
        ("@~0", 4),
        ("@~", 3),
        ("@~1", 3),
        ("@~4", 0),
        ("base", 2),
        ("base~1", 0),
        ("base~", 0),
        ("wide", 1),
        ("best", 0),
        ("sweep", 1),
        ("sweep~1", 0),
        ("last", 4),
    ],
)
def test_what_a_reference_means(five, reference, place):
    assert resolve(five.trials, reference).id == five.ids[place]


def test_replays_do_not_count_for_the_last(five):
    five.replay(five.ids[0])
    assert resolve(five.trials, "@").id == five.ids[4]


@pytest.mark.parametrize("form", [str, bytes.hex, lambda id: id.hex().upper(), lambda id: id.hex()[:12]])
def test_ids(five, form):
    trials = five.trials
    for id in five.ids:
        assert resolve(trials, form(id)).id == id


def test_a_prefix_may_have_its_mark(five):
    id = five.ids[3]
    found = find(five.trials, str(id)[:20])
    assert (found.kind, found.trial.id) == (Kind.PREFIX, id)


def test_name_goes_before_tag_before_experiment_before_prefix(maker):
    first = maker.trial(experiment="both")
    prefix = first.hex()[:6]
    second = maker.trial(tags=("both",))
    assert find(maker.trials, "both").kind is Kind.TAG
    third = maker.trial(name="both")
    assert resolve(maker.trials, "both").id == third
    maker.journal.append(Tag(trial=second, name=prefix))
    assert resolve(maker.trials, prefix).id == second


def test_a_tag_means_the_trial_that_got_it_last(five):
    five.journal.append(Tag(trial=five.ids[3], name="best"))
    five.journal.append(Tag(trial=five.ids[1], name="best"))
    trials = five.trials
    assert [resolve(trials, each).id for each in ("best", "best~1", "best~2")] == [
        five.ids[1],
        five.ids[3],
        five.ids[0],
    ]


def test_a_name_that_holds_a_tilde_is_still_found(maker):
    # No release lets one be given, but a journal from elsewhere may hold it.
    id = maker.trial(name="a~1")
    assert resolve(maker.trials, "a~1").id == id


def test_a_full_id_goes_before_a_name(maker):
    first = maker.trial()
    maker.trial(name=str(first))  # as above
    found = find(maker.trials, str(first))
    assert (found.kind, found.trial.id) == (Kind.ID, first)
    with pytest.raises(NotFoundError) as caught:
        resolve(maker.trials, str(Digest.of(b"none")))
    assert caught.value.cause == "it is no name, tag, experiment or start of an id"


@pytest.mark.parametrize("reference", ["base~²", "base~-1", "base~x", "~", "~1", "", "b3:", "0000", "f" * 65])
def test_what_names_nothing(five, reference):
    with pytest.raises(NotFoundError) as caught:
        resolve(five.trials, reference)
    assert "too short" not in caught.value.cause


def test_ambiguous_prefixes_list_the_candidates(maker):
    maker.trial(name="only")
    (trial,) = maker.trials
    trials = with_ids(trial, *(Digest(bytes([0xAB, 0xCD, each]) + bytes(29)) for each in range(12)))
    with pytest.raises(AmbiguousError) as caught:
        resolve(trials, "abcd")
    assert "12 ids" in caught.value.message
    assert "abcd00000000 only (ok)" in caught.value.cause
    assert "and 2 more" in caught.value.cause
    assert caught.value.exit_code == 3
    assert resolve(trials, "abcd03").id[2] == 3
    with pytest.raises(AmbiguousError) as caught:
        resolve(with_ids(trial, *list(trials.by_id)[:10]), "abcd")
    assert "more" not in caught.value.cause


def test_too_short_a_prefix_says_so(five):
    with pytest.raises(NotFoundError) as caught:
        resolve(five.trials, five.ids[0].hex()[:3])
    assert "4 digits are the least" in caught.value.cause


def test_unknown_names_come_with_the_nearest(five):
    with pytest.raises(NotFoundError) as caught:
        resolve(five.trials, "bse")
    assert "base" in caught.value.cause
    assert caught.value.hint == "see what there is: ledger log"
    with pytest.raises(NotFoundError) as caught:
        resolve(five.trials, "swep~2")
    assert "'swep'" in caught.value.message
    assert "sweep" in caught.value.cause


def test_counting_too_far_says_how_far_it_goes(five):
    with pytest.raises(NotFoundError) as caught:
        resolve(five.trials, "base~2")
    assert caught.value.cause == "base names 2 trials"
    assert caught.value.hint == "the oldest is base~1"
    with pytest.raises(NotFoundError):
        resolve(five.trials, f"@~{'9' * 5000}")


def test_an_id_does_not_count_back(five):
    with pytest.raises(NotFoundError, match="no trial"):
        resolve(five.trials, f"{five.ids[3].hex()[:8]}~1")


def test_nothing_recorded():
    with pytest.raises(NotFoundError) as caught:
        resolve(nothing(), "@")
    assert "ledger run" in caught.value.hint


def test_removed_trials_are_told_apart_from_unknown_ones(five):
    five.journal.append(Tombstone(target=five.ids[1], reason="a mistake"))
    for reference in (str(five.ids[1]), five.ids[1].hex()[:10]):
        with pytest.raises(NotFoundError) as caught:
            resolve(five.trials, reference)
        assert "was removed" in caught.value.message
        assert caught.value.cause == "a mistake"
    for reference in ("wide", "0" * 8, "0" * 64):
        with pytest.raises(NotFoundError, match="no trial"):
            resolve(five.trials, reference)


def test_experiments(five):
    trials = five.trials
    assert [trial.id for trial in references.experiment(trials, "sweep")] == five.ids[:2]
    with pytest.raises(NotFoundError) as caught:
        references.experiment(trials, "sweeps")
    assert caught.value.cause == "the nearest name is sweep"
    with pytest.raises(NotFoundError) as caught:
        references.experiment(trials, "zzz")
    assert caught.value.cause == "the ledger has sweep, last"
    with pytest.raises(NotFoundError) as caught:
        references.experiment(nothing(), "sweep")
    assert "no experiment" in caught.value.cause


@given(st.text())
def test_every_text_names_something_or_teaches(text):
    with pytest.raises(NotFoundError):
        resolve(nothing(), text)


@given(st.text(alphabet="@~0123456789abcdef:-b3 é\udcff") | st.text())
def test_a_good_name_is_always_found_by_itself(name):
    from ledger.model import CodeSnapshot, Intent, Trial

    try:
        check_name(name)
    except UsageError:
        return  # refused: nothing to find
    digest = Digest.of(b"")
    intent = Intent(
        argv=(), directory=".", stdin="null", code=(), environment=digest, seed=None, parameters=(), inputs=()
    )
    trial = Trial(
        id=digest,
        name=name,
        experiment=None,
        message=None,
        tags=(),
        parent=None,
        started=0,
        root="/",
        intent=intent,
        recipe=None,
        recipe_complete=False,
        code=(CodeSnapshot(name=".", tree=digest),),
        environment=digest,
        interpreter=None,
        host=digest,
        observed=None,
        hyperparameters=(),
        inputs=(),
        outcome=None,
        health=(),
    )
    trials = with_ids(trial, digest, Digest.of(b"other"))
    assert find(trials, name).kind is Kind.NAME
    with pytest.raises(LedgerError):
        resolve(trials, f"{name}~2")


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("", "empty"),
        ("@", "means a trial"),
        ("-n", "means an option"),
        ("a b", "white space"),
        ("a\nb", "white space"),
        ("a\x1bb", "control"),
        ("a~1", "counts back"),
        ("\udcff", "UTF-8"),
        ("b3:abc", "id"),
        ("a" * 64, "id"),
        ("x" * 256, "255"),
    ],
)
def test_bad_names_say_why(name, cause):
    with pytest.raises(UsageError) as caught:
        check_name(name, "tag")
    assert cause in caught.value.cause
    assert "tag" in caught.value.message


@pytest.mark.parametrize("name", ["baseline-2", "cafe", "2024", "20240131", "é", "a/b", "lr=0.1"])
def test_good_names(name):
    assert check_name(name) == name
