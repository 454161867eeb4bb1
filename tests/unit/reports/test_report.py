"""What a report gathers."""

from ledger.model import HealthLine, HealthState, Note
from ledger.ops import proofs
from ledger.reports.report import MOST_FOCUSED


def test_the_best_are_in_focus_with_their_proofs(gathered, search):
    trials = search()
    found = gathered("digits", minimize="loss")
    assert found.focused[0].trial.id == trials[0.2, 1]
    assert len(found.focused) == 4  # configurations
    for each in found.focused:
        assert proofs.check(each.proof).trial == each.trial


def test_those_that_are_named_are_in_focus_and_not_too_many(gathered, maker):
    ids = [str(maker.trial()) for _ in range(MOST_FOCUSED + 2)]
    assert [str(each.trial.id) for each in gathered(*ids).focused] == ids[:MOST_FOCUSED]


def test_receipts_notes_and_what_records_lack(gathered, maker):
    lacking = (HealthLine(part="inputs", state=HealthState.PARTIAL, reason="overlapped"),)
    ids = [maker.trial(experiment="x", health=lacking) for _ in range(2)]
    maker.replay(ids[1])
    maker.replay(ids[1], varied=("umask: 0022 → 0077",))
    maker.journal.append(Note(trial=ids[0], text="a", author="Ann"))
    maker.journal.append(Note(experiment="x", text="b", author="Ann"))
    maker.journal.append(Note(experiment="y", text="c", author="Ann"))
    found = gathered("x")
    assert [trial.id for trial, _ in found.receipts] == [ids[1]]
    assert list(found.hosts.values()) == ["box: A CPU (x86_64)"]
    (faulty,) = found.faulty
    assert (faulty.part, faulty.state, len(faulty.trials)) == ("inputs", "partial", 2)
    assert [about for about, _ in found.notes] == ["experiment x", f"{ids[0].short} (ok)"]
    assert found.latest >= max(trial.started for trial in found.chosen.trials)


def test_what_came_in_a_bundle_is_not_proven_anew(gathered, maker, monkeypatch):
    from ledger.errors import NotFoundError
    from ledger.reports import report

    def refuse(*_):
        raise NotFoundError("what came in a bundle is not proven anew")

    monkeypatch.setattr(report.prove, "prove", refuse)
    maker.trial(name="a")
    (focused,) = gathered("a").focused
    assert (focused.proof, focused.unproven) == (None, "what came in a bundle is not proven anew")
