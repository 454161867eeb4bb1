"""Proofs in a page."""

import pytest

from ledger.errors import DamagedError, IncomparableError, MismatchError, NotFoundError
from ledger.ops.proofs import Trusted
from ledger.reports.embedded import MOST_PROOFS, TYPE, block, blocks, check
from ledger.reports.forms import make


def test_what_is_put_in_comes_out(workspace, maker):
    attack = "</script><!--<script>&amp;"
    ids = [maker.trial(name=f"{attack}{place}") for place in range(2)]
    content = make(workspace, [str(each) for each in ids]).content
    checked = check(content, Trusted(), "report.html")
    assert [each.trial.id for each in checked] == ids
    assert not any(each.vouched for each in checked)


def test_the_head_that_a_reader_names_vouches(workspace, maker):
    maker.trial(name="a")
    content = make(workspace, ["a"]).content
    head = check(content, Trusted(), "x")[0].signed.digest
    assert all(each.vouched for each in check(content, Trusted(head=head), "x"))
    maker.trial(name="b")
    with pytest.raises(MismatchError, match="does not hold"):
        check(make(workspace, ["a"]).content, Trusted(head=head), "x")


def test_a_proof_that_was_changed(workspace, maker):
    maker.trial(name="a")
    content = make(workspace, ["a"]).content
    (proof,) = blocks(content, "x")
    with pytest.raises(MismatchError):
        check(content.replace(b'"index":0', b'"index":1'), Trusted(), "x")
    assert b'"index":0' in proof


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<p>no proof",
        f'<script type="{TYPE}">{{}}</script>'.encode(),
        block(b"{}", "a").encode() * (MOST_PROOFS + 1),
    ],
)
def test_what_is_no_report(content):
    with pytest.raises(DamagedError):
        check(content, Trusted(), "x")


def test_a_block_is_ended_by_nothing_in_it():
    assert blocks(block(b'{"a":"</script><script>&lt;"}', "a").encode(), "x") == [
        b'{"a":"\\u003c/script>\\u003cscript>\\u0026lt;"}'
    ]


def test_a_report_without_a_proof_is_one(workspace, maker, monkeypatch):
    monkeypatch.setattr("ledger.reports.report.prove.prove", refuse)
    maker.trial(name="a")
    content = make(workspace, ["a"]).content
    assert b"no trial" in content
    with pytest.raises(IncomparableError, match=r"report\.html holds no proof"):
        check(content, Trusted(), "report.html")


def refuse(*_):
    raise NotFoundError("what came in a bundle is not proven anew")
